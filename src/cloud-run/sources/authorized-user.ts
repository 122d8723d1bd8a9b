import type { AuthorizedUser } from '../../core/google/credentials/parse-authorized-user.ts';
import { refreshUser, userCredential } from '../../core/google/sources/authorized-user.ts';
import { ownMember } from '../../core/json.ts';
import { Malfunction } from '../../core/malfunction.ts';
import type { IdTokenSource } from '../id-token-source.ts';

/**
 * ID tokens of a developer's own account. Google makes them out to the OAuth client that the developer logged in with,
 * not to a service: Cloud Run takes those of `gcloud`'s client, for development alone.
 *
 * @see https://cloud.google.com/run/docs/authenticating/developers
 */
export function createAuthorizedUserSource(user: AuthorizedUser): IdTokenSource {
  return {
    account: 'the account of a developer',
    credential: userCredential(user),
    fixed_audience: user.client_id,
    async fetchIdToken(_audience, signal) {
      const token = ownMember(await refreshUser(user, signal), 'id_token');
      if (typeof token === 'string') return token;
      throw new Malfunction(
        "the developer's login gives no ID token; log in again with " +
          '`gcloud auth application-default login`, or set config.service_account to impersonate one',
      );
    },
  };
}
