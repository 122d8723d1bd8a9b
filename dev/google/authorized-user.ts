import type { User } from './users.ts';

/**
 * The file of Application Default Credentials that `gcloud auth application-default login` writes
 * (google.aip.dev/auth/4113). It names no token endpoint: clients know
 * https://oauth2.googleapis.com/token. gcloud leaves `account` empty, and adds `quota_project_id`
 * where it knows a project.
 */
export interface AuthorizedUserFile {
  account: string;
  client_id: string;
  client_secret: string;
  refresh_token: string;
  type: 'authorized_user';
  universe_domain: string;
}

export function authorizedUserFile(user: User): AuthorizedUserFile {
  return {
    account: '',
    client_id: user.clientId,
    client_secret: user.clientSecret,
    refresh_token: user.refreshToken,
    type: 'authorized_user',
    universe_domain: 'googleapis.com',
  };
}
