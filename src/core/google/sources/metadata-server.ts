import type { Clock } from '../../clock.ts';
import type { AccessTokenSource } from '../access-token-source.ts';
import type { Environment } from '../environment.ts';
import { parseJson } from '../parse-json.ts';
import { readAccessToken } from '../read-access-token.ts';
import { metadataRequest, metadataUrl } from './metadata-request.ts';

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
  const url = metadataUrl(environment, 'token');
  return {
    credential: `metadata:${url}`,
    async fetchAccessToken(scope, signal) {
      const text = await metadataRequest(url, { scopes: scope }, signal);
      return readAccessToken(parseJson(text), clock);
    },
  };
}
