import { uniqueIdOf } from './accounts.ts';

/** A person who has granted an OAuth client offline access, as by `gcloud auth application-default login`. */
export interface UserOptions {
  email: string;
  /** the same client may serve several users */
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  /** what the user granted; default is what gcloud asks for */
  scopes?: readonly string[];
}

export interface User {
  email: string;
  uniqueId: string;
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  scopes: readonly string[];
  revoked: boolean;
}

export interface Users {
  find(email: string): User | undefined;
  findByRefreshToken(refreshToken: string): User | undefined;
  /** @returns undefined for a client that no user has granted anything */
  clientSecret(clientId: string): string | undefined;
}

/** `gcloud auth application-default login` asks for these, among others. */
const GCLOUD_SCOPES = [
  'openid',
  'https://www.googleapis.com/auth/userinfo.email',
  'https://www.googleapis.com/auth/cloud-platform',
];

/** @throws Error when two users share an email or refresh token, or one client has two secrets */
export function createUsers(options: readonly UserOptions[]): Users {
  const users: User[] = [];
  const secrets = new Map<string, string>();
  for (const given of options) {
    const { email, clientId, clientSecret, refreshToken, scopes = GCLOUD_SCOPES } = given;
    if (users.some((user) => user.email === email || user.refreshToken === refreshToken)) {
      throw new Error(`user or refresh token given twice: ${email}`);
    }
    if ((secrets.get(clientId) ?? clientSecret) !== clientSecret) {
      throw new Error(`OAuth client with two secrets: ${clientId}`);
    }
    secrets.set(clientId, clientSecret);
    users.push({
      email,
      uniqueId: uniqueIdOf(email),
      clientId,
      clientSecret,
      refreshToken,
      scopes,
      revoked: false,
    });
  }
  return {
    find: (email) => users.find((user) => user.email === email),
    findByRefreshToken: (refreshToken) => users.find((user) => user.refreshToken === refreshToken),
    clientSecret: (clientId) => secrets.get(clientId),
  };
}
