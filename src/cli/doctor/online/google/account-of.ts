import type { FoundCredentials } from '../../../../core/google/credentials/google-credentials.ts';

/** The service account that the credentials speak for, where their text tells. */
export function accountOf({
  credentials,
}: Pick<FoundCredentials, 'credentials'>): string | undefined {
  switch (credentials.type) {
    case 'service_account':
      return credentials.client_email;
    case 'external_account':
    case 'impersonated_service_account':
      return credentials.impersonation?.service_account;
    default:
      return undefined;
  }
}
