import type { Impersonation } from './impersonation-url.ts';
import type { AuthorizedUser } from './parse-authorized-user.ts';
import type { ExternalAccount } from './parse-external-account.ts';
import type { ServiceAccountKey } from './parse-service-account-key.ts';

/** Who the gateway is to Google, as one of the kinds of credential that Google's own libraries read. */
export type GoogleCredentials =
  | { type: 'metadata_server' }
  | ({ type: 'service_account' } & ServiceAccountKey)
  | ({ type: 'authorized_user' } & AuthorizedUser)
  | ({ type: 'external_account' } & ExternalAccount)
  | ({ type: 'impersonated_service_account' } & ImpersonatedServiceAccount);

/** A service account that another credential may impersonate. */
export interface ImpersonatedServiceAccount {
  impersonation: Impersonation;
  delegates: readonly string[];
  source: GoogleCredentials;
}

export interface FoundCredentials {
  credentials: GoogleCredentials;
  /** Where they come from, such as `config.credentials` or `GOOGLE_APPLICATION_CREDENTIALS (file /etc/key.json)`. */
  origin: string;
}
