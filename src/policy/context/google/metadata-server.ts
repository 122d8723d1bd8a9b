import { gcpMetadata } from 'google-auth-library';
import type { Clock } from '../../../core/clock.ts';
import { ConfigError } from '../../../core/config-error.ts';
import { Malfunction } from '../../../core/malfunction.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import type { Environment } from './environment.ts';
import { googleRequest } from './google-request.ts';
import { readAccessToken } from './read-access-token.ts';

const TOKEN_PATH = '/instance/service-accounts/default/token';
const MAX_BYTES = 65_536;

/**
 * Access tokens of the service account attached to this machine, pod or Cloud Run revision. On a Compute Engine VM
 * they have the scopes of the VM, whichever are asked for.
 *
 * @throws ConfigError where GCE_METADATA_HOST (or GCE_METADATA_IP) names no host
 * @see https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
 */
export function createMetadataServerSource(
  environment: Environment,
  clock: Clock,
): AccessTokenSource {
  const url = tokenUrl(environment);
  return {
    credential: `metadata:${url}`,
    async fetchAccessToken(scope, signal) {
      const response = await googleRequest<unknown>(
        { url, params: { scopes: scope }, headers: gcpMetadata.HEADERS, responseType: 'json' },
        // The first request of a new gateway may meet a metadata server that still starts.
        { signal, max_bytes: MAX_BYTES, retries: 2 },
      );
      // Whoever else answers on that address does not know the header's name.
      if (response.headers.get(gcpMetadata.HEADER_NAME) !== gcpMetadata.HEADER_VALUE) {
        throw new Malfunction('the answer does not come from a metadata server');
      }
      return readAccessToken(response.data, clock);
    },
  };
}

function tokenUrl(environment: Environment): string {
  const host =
    environment.GCE_METADATA_IP || environment.GCE_METADATA_HOST || gcpMetadata.HOST_ADDRESS;
  const base = /^https?:\/\//.test(host) ? host : `http://${host}`;
  if (!URL.canParse(base)) throw new ConfigError(['GCE_METADATA_HOST: is not a host']);
  return new URL(gcpMetadata.BASE_PATH + TOKEN_PATH, base).href;
}
