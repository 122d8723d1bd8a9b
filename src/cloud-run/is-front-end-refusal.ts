import type { UpstreamResponse } from '../core/stage.ts';

/**
 * Whether Google's front end did not take the ID token. The service's own 401 comes through the same front end, but with
 * the service's own challenge.
 *
 * @see https://cloud.google.com/run/docs/troubleshooting#401
 */
export function isFrontEndRefusal({ status, source, challenge }: UpstreamResponse): boolean {
  return (
    status === 401 &&
    source === 'service' &&
    challenge.includes('error_description="The access token could not be verified"')
  );
}
