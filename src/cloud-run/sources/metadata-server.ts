import type { Environment } from '../../core/google/environment.ts';
import {
  MetadataRefusal,
  metadataRequest,
  metadataUrl,
} from '../../core/google/sources/metadata-request.ts';
import { Malfunction } from '../../core/malfunction.ts';
import type { IdTokenSource } from '../id-token-source.ts';

/** What a status means, where it does not pass by itself. On GKE they are the two halves of Workload Identity. */
const MEANINGS = new Map([
  [
    403,
    'HTTP 403: the Kubernetes service account may not speak for the Google service account that it is annotated with; ' +
      'grant it roles/iam.workloadIdentityUser there',
  ],
  [
    404,
    'HTTP 404: there is no service account that ID tokens could speak for; attach one, on GKE by the annotation ' +
      'iam.gke.io/gcp-service-account, or name one to impersonate in config.service_account',
  ],
]);

/**
 * ID tokens of the service account attached to this machine, pod or Cloud Run revision.
 *
 * @throws ConfigError where GCE_METADATA_HOST (or GCE_METADATA_IP) names no host
 * @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity#request_signature
 */
export function createMetadataServerSource(environment: Environment): IdTokenSource {
  const url = metadataUrl(environment, 'identity');
  return {
    account: 'default account of the metadata server',
    credential: `metadata:${url}`,
    async fetchIdToken(audience, signal) {
      try {
        const text = await metadataRequest(url, { audience, format: 'full' }, signal);
        return text.trim();
      } catch (error) {
        const meaning = error instanceof MetadataRefusal ? MEANINGS.get(error.status) : undefined;
        throw meaning === undefined ? error : new Malfunction(meaning, { cause: error });
      }
    },
  };
}
