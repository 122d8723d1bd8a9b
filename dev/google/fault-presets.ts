import type { Endpoint, FaultRule } from './faults.ts';

const GKE = {
  'content-type': 'text/plain; charset=utf-8',
  'metadata-flavor': 'Google',
  server: 'GKE Metadata Server',
};
const HOW_TO = 'https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity';

/** Troubles that Google is known for, in its own words. They last until `recover()` unless `times` is given. */
export const faultPresets = {
  /** a Kubernetes service account (`namespace/name`) without a Google one: it has access tokens, no ID tokens */
  gkeNotAnnotated: (serviceAccount = 'kong/gateway'): FaultRule => ({
    endpoint: 'metadata_identity',
    status: 404,
    headers: GKE,
    body:
      `Your Kubernetes service account (${serviceAccount}) is not annotated with a target Google service account, which is a requirement for retrieving Identity Tokens using Workload Identity.\n` +
      'Please add the iam.gke.io/gcp-service-account=[GSA_NAME]@[PROJECT_ID] annotation to your Kubernetes service account.\n' +
      `Refer to ${HOW_TO}\n`,
    times: Number.POSITIVE_INFINITY,
  }),

  /** the annotation is there, and roles/iam.workloadIdentityUser is not */
  gkeNotBound: (endpoint: 'metadata_identity' | 'metadata_token'): FaultRule => {
    const [what, permission] =
      endpoint === 'metadata_token'
        ? ['access', 'iam.serviceAccounts.getAccessToken']
        : ['identity', 'iam.serviceAccounts.getOpenIdToken'];
    return {
      endpoint,
      status: 403,
      headers: GKE,
      body:
        `Unable to generate ${what} token; IAM returned 403 Forbidden: Permission '${permission}' denied on resource (or it may not exist).\n` +
        'This error could be caused by a missing IAM policy binding on the target IAM service account.\n' +
        `For more information, refer to the Workload Identity documentation:\n\t${HOW_TO}#authenticating_to\n\n`,
      times: Number.POSITIVE_INFINITY,
    };
  },

  /** a quota, with the time after which Google invites to try again */
  tooManyRequests: (endpoint: Endpoint | 'any', retryAfterSeconds: number): FaultRule => ({
    endpoint,
    status: 429,
    headers: { 'retry-after': String(retryAfterSeconds) },
    times: Number.POSITIVE_INFINITY,
  }),

  /** Google Workspace wants the user to log in again: `gcloud auth application-default login` */
  reauthenticationNeeded: (): FaultRule => ({
    endpoint: 'oauth_token',
    status: 400,
    body: JSON.stringify({
      error: 'invalid_grant',
      error_description: 'reauth related error (invalid_rapt)',
      error_uri: 'https://support.google.com/a/answer/9368756',
      error_subtype: 'invalid_rapt',
    }),
    times: Number.POSITIVE_INFINITY,
  }),
};
