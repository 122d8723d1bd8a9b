import type { Clock } from '../../src/core/clock.ts';
import type { AwsAccessKey } from '../aws/access-keys.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Accounts } from './accounts.ts';
import type { CloudRunServices } from './cloud-run-services.ts';
import type { Directory } from './directory.ts';
import type { LeftoverIdTokens } from './leftover-id-tokens.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Users } from './users.ts';

/** A workload identity pool provider (cloud.google.com/iam/docs/workload-identity-federation). */
export type WorkloadIdentityProvider = OidcProvider | AwsProvider;

export interface OidcProvider {
  /** `//iam.googleapis.com/projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>` */
  audience: string;
  /** exact `iss` of the subject tokens */
  issuer: string;
  /** where the issuer's keys are; found by the issuer's discovery document when absent */
  jwksUri?: string;
  /** accepted `aud`; the provider's own resource name, with and without `https:`, when absent */
  allowedAudiences?: readonly string[];
}

export interface AwsProvider {
  /** as of `OidcProvider` */
  audience: string;
  aws: {
    /** twelve digits; callers of other accounts are refused */
    accountId: string;
    /** those that AWS knows, of any account; a function where they change, as of `startAws` */
    accessKeys: readonly AwsAccessKey[] | (() => readonly AwsAccessKey[]);
    /**
     * Google recommends that clients sign `x-goog-cloud-target-resource` and accepts it unsigned, as its
     * own libraries send it. Here it must be signed, unless this says otherwise.
     */
    acceptUnsignedTarget?: boolean;
  };
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
  users: Users;
  accessTokens: AccessTokens;
  signingKeys: SigningKeys;
  leftoverIdTokens: LeftoverIdTokens;
  providers: readonly WorkloadIdentityProvider[];
  cloudRun: CloudRunServices;
  directory: Directory;
}

export const CLOUD_PLATFORM_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Google's answers give 3599 for an hour: the second in which the token was made has begun. */
export const ACCESS_TOKEN_LIFETIME_SECONDS = 3599;
