import { Malfunction } from '../core/malfunction.ts';

/**
 * The audience that Cloud Run expects where no custom one is set: the URL of the service, without port and path.
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
  return `https://${new URL(url).hostname.replace(/\.$/, '')}`;
}
