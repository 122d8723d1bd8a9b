import { isIP } from 'node:net';
import { withoutTag } from '../../../cloud-run/without-tag.ts';
import type { DeclaredService } from '../../../kong/declarative-config/declarative-config.ts';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import { isLoopback } from '../../is-loopback.ts';
import { audienceOfHost } from '../audience-of-host.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { shellWord } from '../shell-word.ts';
import { conclude } from './conclude.ts';
import { gcloudService, goesToRunApp, hostsOf, isRunApp } from './run-app.ts';

const CHECK = 'audience-form';

/**
 * Will Cloud Run take the audience of the ID token? It compares it as text with the URL of the service and with the
 * service's custom audiences.
 *
 * @see https://cloud.google.com/run/docs/configuring/custom-audiences
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service (also for requests to a traffic tag)
 */
export const checkAudienceForm: Check = async ({ routes }) => {
  const looked = routes.filter(({ cloud_run_token }) => cloud_run_token?.config !== undefined);
  const found = looked.flatMap(lookAt);
  return conclude(
    CHECK,
    looked.length > 0,
    found,
    'The audiences have the form that Cloud Run compares.',
  );
};

type Observation = Pick<Finding, 'severity' | 'message'> & { fix: string };

function lookAt({ name: route, service, cloud_run_token }: DoctorRoute): Finding[] {
  const config = cloud_run_token?.config;
  if (config === undefined || service === undefined || isUnknown(config.audience)) return [];
  const observed =
    config.header === 'Proxy-Authorization'
      ? forIap(config.audience)
      : config.audience === undefined
        ? byDefault(service)
        : asConfigured(config.audience, service);
  return observed === undefined ? [] : [{ check: CHECK, route, ...observed }];
}

function byDefault(service: DeclaredService): Observation | undefined {
  if (service.upstream !== undefined) {
    const audience = `https://${withoutTag(hostsOf(service)[0] ?? 'SERVICE-PROJECTNUMBER.REGION.run.app').host}`;
    const message = `The host of service ${service.name} is an upstream's name, so the default audience https://${service.host} is none of Cloud Run's.`;
    return { severity: 'error', message, fix: `audience: ${audience}` };
  }
  if (isUnknown(service.host)) return undefined;
  const audience = audienceOfHost(service.host);
  if (audience === undefined) {
    const message = `The host of service ${service.name} makes no audience: every request is refused.`;
    return {
      severity: 'error',
      message,
      fix: 'audience: https://SERVICE-PROJECTNUMBER.REGION.run.app',
    };
  }
  if (isRunApp(audience.slice('https://'.length))) return undefined;
  if (isLoopback(service.host) || isIP(service.host) !== 0) {
    const message = `The default audience ${audience} is no service's URL.`;
    return {
      severity: 'warning',
      message,
      fix: 'audience: https://SERVICE-PROJECTNUMBER.REGION.run.app',
    };
  }
  return custom(audience, service, `The default audience is ${audience}`);
}

function asConfigured(audience: string, service: DeclaredService): Observation | undefined {
  const url = URL.canParse(audience) ? new URL(audience) : undefined;
  if (url === undefined || !isRunApp(url.hostname)) {
    return goesToRunApp(service) || !isLoopback(service.host)
      ? custom(audience, service, `The audience is ${audience}`)
      : undefined;
  }
  const { host, tag } = withoutTag(url.hostname.replace(/\.$/, ''));
  const exact = `https://${url.hostname.replace(/\.$/, '')}`;
  if (audience !== exact) {
    const message = `The audience ${audience} is not the URL of a service: Cloud Run compares it as text, without port, path and final slash, and answers 401.`;
    return { severity: 'error', message, fix: `audience: https://${host}` };
  }
  if (tag !== undefined) return ofTag(host, tag);
  const others = hostsOf(service)
    .filter(isRunApp)
    .map((one) => withoutTag(one).host);
  if (others.length === 0 || others.some((one) => isSameService(one, host))) return undefined;
  const message = `The audience ${audience} names another service than the one that requests go to, ${others[0]}.`;
  return { severity: 'warning', message, fix: `audience: https://${others[0]}` };
}

/** A service has two hosts: NAME-PROJECTNUMBER.REGION and, with a hash, NAME-HASH-REGION.a. */
function isSameService(a: string, b: string): boolean {
  if (a === b) return true;
  const hashed = /^(.+)-[a-z0-9]{10}-[a-z0-9]{2,3}\.a\.run\.app$/;
  const numbered = /^(.+)-\d{6,20}\.[a-z0-9-]+\.run\.app$/;
  const [one, other] = numbered.test(a) ? [a, b] : [b, a];
  const name = numbered.exec(one)?.[1];
  return name !== undefined && name === hashed.exec(other)?.[1];
}

function ofTag(host: string, tag: string): Observation {
  const message = `The audience has the traffic tag "${tag}" in it: Cloud Run expects the URL of the service itself, also where requests go to a tag.`;
  return { severity: 'error', message, fix: `audience: https://${host}` };
}

function custom(audience: string, service: DeclaredService, start: string): Observation {
  const severity: Severity = 'info';
  const host = hostsOf(service).find(isRunApp) ?? service.host;
  const message = `${start}: it must be a custom audience of the service, or Cloud Run answers 401.`;
  const fix = `gcloud run services update ${gcloudService(host)} --add-custom-audiences=${shellWord(audience)}`;
  return { severity, message, fix };
}

function forIap(audience: string | undefined): Observation | undefined {
  if (audience !== undefined) return undefined;
  const message =
    'Identity-Aware Proxy expects the client ID of its OAuth client as audience, which has no default.';
  return { severity: 'warning', message, fix: 'audience: CLIENT_ID.apps.googleusercontent.com' };
}
