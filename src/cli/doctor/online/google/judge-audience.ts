import { runAppHost } from '../../../../cloud-run/run-app-host.ts';
import type { Told } from '../../finding.ts';
import { shellWord } from '../../shell-word.ts';
import { listed } from '../finding-of-routes.ts';
import { gcloudRunServices } from './gcloud-run-services.ts';
import { partsOfService } from './parts-of-service.ts';
import type { TokenRoute } from './sender.ts';
import type { ServiceFacts } from './service-facts.ts';

type Judged = Pick<TokenRoute, 'by_url' | 'config' | 'audience'>;

/** Where Identity-Aware Proxy looks for an ID token (cloud.google.com/iap/docs/authentication-howto). */
const HEADERS_OF_IAP: ReadonlySet<string> = new Set(['Authorization', 'Proxy-Authorization']);

/** @see https://cloud.google.com/run/docs/configuring/custom-audiences */
export function judgeAudience(facts: ServiceFacts, route: Judged): Told[] {
  const { by_url, config, audience } = route;
  const { service } = partsOfService(facts.name);
  const { urls, custom_audiences } = facts;
  // That a host makes none, a look at the file alone can tell, and does.
  if (audience === undefined) return [];
  if (facts.iap_enabled) return judgeIap(service, audience, config.header);
  if (isForIap(audience) && HEADERS_OF_IAP.has(config.header) && !by_url) {
    return [
      {
        check: 'audience',
        severity: 'info',
        message: `The ID tokens for ${service} are made for Identity-Aware Proxy of a load balancer, which was not looked at.`,
      },
    ];
  }
  const odd = config.header === 'Proxy-Authorization' ? [unseenHeader(service)] : [];
  const accepted = [...urls, ...custom_audiences];
  if (accepted.includes(audience)) {
    return [
      ...odd,
      {
        check: 'audience',
        severity: 'ok',
        message: `${service} takes ID tokens for ${audience}.`,
      },
    ];
  }
  const close = accepted.find((one) => loosely(one) === loosely(audience));
  if (close !== undefined) {
    return [
      ...odd,
      error(
        `${service} takes ID tokens for ${close}, and not for ${audience}: they must be the same, character by character.`,
        `audience: ${close}`,
      ),
    ];
  }
  const [known] = urls;
  const message = `${service} takes no ID tokens for ${audience}, but for ${listed(accepted) || 'nothing that it tells'}.`;
  // By another host the audience may be meant, as for a service in several regions.
  const isMeant = config.audience !== undefined && runAppHost(hostOf(audience)) === undefined;
  return [
    ...odd,
    error(
      message,
      known === undefined || isMeant
        ? gcloudRunServices(facts.name, 'update', `--add-custom-audiences=${shellWord(audience)}`)
        : `audience: ${known}`,
    ),
  ];
}

function judgeIap(service: string, audience: string, header: string): Told[] {
  const wrongHeader = HEADERS_OF_IAP.has(header)
    ? []
    : [
        error(
          `Identity-Aware Proxy stands before ${service} and does not look at ${header}.`,
          'header: Proxy-Authorization',
        ),
      ];
  const wrongAudience: Told[] = isForIap(audience)
    ? []
    : [
        {
          check: 'audience',
          severity: 'warning',
          message: `Identity-Aware Proxy stands before ${service} and takes ID tokens for the client ID of its OAuth client, which ${audience} does not look like.`,
          fix: 'audience: CLIENT_ID.apps.googleusercontent.com',
        },
      ];
  const wrong = [...wrongHeader, ...wrongAudience];
  if (wrong.length > 0) return wrong;
  return [
    {
      check: 'audience',
      severity: 'info',
      message: `Identity-Aware Proxy stands before ${service}: the gateway's account needs roles/iap.httpsResourceAccessor, which was not looked at.`,
    },
  ];
}

function unseenHeader(service: string): Told {
  return error(
    `Cloud Run does not look at Proxy-Authorization, and no Identity-Aware Proxy stands before ${service}.`,
    'header: X-Serverless-Authorization',
  );
}

/** The client ID of an OAuth client, as Identity-Aware Proxy has one. */
function isForIap(audience: string): boolean {
  return audience.endsWith('.apps.googleusercontent.com');
}

/** Two that differ in the slash at the end, in case, in a port or in a path alone are most likely meant to be the same. */
function loosely(audience: string): string {
  return hostOf(audience) || audience.toLowerCase();
}

function hostOf(audience: string): string {
  return URL.canParse(audience) ? new URL(audience).hostname.replace(/\.$/, '') : '';
}

function error(message: string, fix: string): Told {
  return { check: 'audience', severity: 'error', message, fix };
}
