import { gcpMetadata } from 'google-auth-library';
import { ConfigError } from '../../core/config-error.ts';
import { Malfunction } from '../../core/malfunction.ts';
import type { Environment } from '../environment.ts';
import type { IdTokenSource } from '../id-token-source.ts';
import { googleRequest } from './google-request.ts';

const IDENTITY_PATH = '/instance/service-accounts/default/identity';

/**
 * ID tokens of the service account attached to this machine, pod or Cloud Run revision.
 *
 * The library's `Compute.fetchIdToken` is not used: it puts the audience into the URL unencoded, cannot be aborted,
 * waits without end on Google Cloud, and prints the token where GOOGLE_SDK_NODE_LOGGING is set.
 *
 * @throws ConfigError where GCE_METADATA_HOST (or GCE_METADATA_IP) names no host
 * @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity#request_signature
 */
export function createMetadataServerSource(environment: Environment): IdTokenSource {
  const url = identityUrl(environment);
  return {
    account: 'default account of the metadata server',
    credential: `metadata:${url}`,
    async fetchIdToken(audience, signal) {
      const response = await googleRequest<string>(
        {
          url,
          params: { audience, format: 'full' },
          headers: gcpMetadata.HEADERS,
          responseType: 'text',
        },
        signal,
      );
      // Whoever else answers on that address does not know the header's name.
      if (response.headers.get(gcpMetadata.HEADER_NAME) !== gcpMetadata.HEADER_VALUE) {
        throw new Malfunction('the answer does not come from a metadata server');
      }
      return response.data.trim();
    },
  };
}

function identityUrl(environment: Environment): string {
  const host =
    environment.GCE_METADATA_IP || environment.GCE_METADATA_HOST || gcpMetadata.HOST_ADDRESS;
  const base = /^https?:\/\//.test(host) ? host : `http://${host}`;
  if (!URL.canParse(base)) throw new ConfigError(['GCE_METADATA_HOST: is not a host']);
  return new URL(gcpMetadata.BASE_PATH + IDENTITY_PATH, base).href;
}
