import type { UpstreamResponse } from '../core/stage.ts';

const CHALLENGE = 'www-authenticate';
const IAP = 'x-goog-iap-generated-response';

/** By which Google's own refusals are told from a service's. */
export const REFUSAL_HEADERS: readonly string[] = [CHALLENGE, IAP];

/**
 * Whether Google did not take the ID token: Cloud Run's front end, or Identity-Aware Proxy. The service's own 401 comes
 * through them, but with the service's own challenge.
 *
 * @see https://cloud.google.com/run/docs/troubleshooting#401
 */
export function isFrontEndRefusal({ status, headers }: UpstreamResponse): boolean {
  if (status !== 401) return false;
  const description = 'error_description="The access token could not be verified"';
  return headers[CHALLENGE]?.includes(description) === true || headers[IAP] === 'true';
}
