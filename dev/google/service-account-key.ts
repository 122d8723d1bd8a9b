import { keyOf, type ServiceAccount } from './accounts.ts';

/** cloud.google.com/iam/docs/keys-create-delete: the fields of a service account key file. */
export interface ServiceAccountKeyFile {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  private_key: string;
  client_email: string;
  client_id: string;
  auth_uri: string;
  token_uri: string;
  auth_provider_x509_cert_url: string;
  client_x509_cert_url: string;
  universe_domain: string;
}

export function serviceAccountKeyFile(
  account: ServiceAccount,
  projectId: string,
  url: string,
): ServiceAccountKeyFile {
  const key = keyOf(account);
  return {
    type: 'service_account',
    project_id: projectId,
    private_key_id: key.id,
    private_key: key.privateKeyPem,
    client_email: account.email,
    client_id: account.uniqueId,
    auth_uri: `${url}/o/oauth2/auth`,
    token_uri: `${url}/token`,
    auth_provider_x509_cert_url: `${url}/oauth2/v1/certs`,
    client_x509_cert_url: `${url}/robot/v1/metadata/x509/${encodeURIComponent(account.email)}`,
    universe_domain: 'googleapis.com',
  };
}
