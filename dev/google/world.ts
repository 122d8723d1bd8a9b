import type { Clock } from '../../src/core/clock.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Accounts } from './accounts.ts';
import type { CloudRunServices } from './cloud-run-services.ts';
import type { Directory } from './directory.ts';
import type { SigningKeys } from './signing-keys.ts';

/** A workload identity pool provider for OIDC (cloud.google.com/iam/docs/workload-identity-federation). */
export interface WorkloadIdentityProvider {
  /** `//iam.googleapis.com/projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>` */
  audience: string;
  /** exact `iss` of the subject tokens */
  issuer: string;
  /** where the issuer's keys are; found by the issuer's discovery document when absent */
  jwksUri?: string;
  /** accepted `aud`; the provider's own resource name, with and without `https:`, when absent */
  allowedAudiences?: readonly string[];
}

/** Everything the endpoints share. */
export interface World {
  clock: Clock;
  projectId: string;
  projectNumber: string;
  /** where clients reach this stand-in, without a trailing slash */
  url: string;
  idTokenLifetimeSeconds: number;
  certsMaxAgeSeconds: number;
  accounts: Accounts;
  accessTokens: AccessTokens;
  signingKeys: SigningKeys;
  providers: readonly WorkloadIdentityProvider[];
  cloudRun: CloudRunServices;
  directory: Directory;
}

export const CLOUD_PLATFORM_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Google's answers give 3599 for an hour: the second in which the token was made has begun. */
export const ACCESS_TOKEN_LIFETIME_SECONDS = 3599;
