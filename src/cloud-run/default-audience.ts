import { Malfunction } from '../core/malfunction.ts';
import { runAppHost } from './run-app-host.ts';
import { withoutTag } from './without-tag.ts';

/**
 * The audience that Cloud Run expects where no custom one is set: the URL of the service, without port and path, and
 * without a traffic tag, also where requests go to one.
 *
 * @param host of the Kong service
 * @throws Malfunction where the host makes no URL
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service#acquire-token
 */
export function defaultAudience(host: string): string {
  const url = /[/?#@\\\s]/.test(host) ? undefined : `https://${host}`;
  if (url === undefined || !URL.canParse(url)) {
    throw new Malfunction("the Kong service's host makes no audience; configure one");
  }
  // Google compares the audience as text, so a host written in capitals or with DNS's final dot would not match.
  const name = new URL(url).hostname.replace(/\.$/, '');
  return `https://${runAppHost(name) === undefined ? name : withoutTag(name).host}`;
}
