import type { Refusal } from '../core/refusal.ts';
import type { RequestFacts } from '../core/request.ts';
import { runAppHost } from './run-app-host.ts';

type Service = NonNullable<RequestFacts['service']>;

const ENCRYPTED = new Set(['https', 'grpcs', 'wss', 'tls']);
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

/**
 * Whether an ID token may go to the Kong service: over TLS, or on this machine; and under no `Host` that the client could
 * choose freely, because behind a front end that serves everybody it could name a service of its own.
 *
 * @returns undefined where it may, else the refusal
 */
export function checkUpstream(
  { host, protocol }: Service,
  preserved_host: NonNullable<RequestFacts['preserved_host']>,
  { allow_http, allow_any_host }: { allow_http: boolean; allow_any_host: boolean },
): Refusal | undefined {
  if (!ENCRYPTED.has(protocol) && !LOOPBACK.test(host.toLowerCase()) && !allow_http) {
    return misconfigured(
      "The Kong service is reached without TLS; use https, or allow_http in cloud-run-token's config.",
    );
  }
  // For a service of run.app the Host is set.
  if (preserved_host === 'any' && !allow_any_host && runAppHost(host) === undefined) {
    return misconfigured(
      'The route preserves any Host that a client sends; name its hosts without wildcards, set preserve_host to false, or ' +
        "allow_any_host in cloud-run-token's config.",
    );
  }
  return undefined;
}

function misconfigured(detail: string): Refusal {
  return { code: 'invalid_config', detail };
}
