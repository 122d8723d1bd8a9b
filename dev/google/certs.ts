import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import { json, type Reply } from './call.ts';
import { GOOGLE_ISSUER } from './sign-id-token.ts';
import type { World } from './world.ts';

/**
 * `/oauth2/v3/certs`: the keys as a JWK set. Clients are told to cache by Cache-Control
 * (developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken).
 */
export function certs(world: World): Reply {
  const keys = world.signingKeys.published().map((jwk): JsonObject => {
    const plain: unknown = JSON.parse(JSON.stringify(jwk));
    return isJsonObject(plain) ? plain : {};
  });
  return json(
    200,
    { keys },
    {
      'cache-control': `public, max-age=${world.certsMaxAgeSeconds}, must-revalidate, no-transform`,
    },
  );
}

/**
 * `/.well-known/openid-configuration` as accounts.google.com serves it, with the endpoints that exist
 * here (developers.google.com/identity/openid-connect/openid-connect#discovery). The issuer stays
 * Google's own, since that is what the tokens say.
 */
export function discovery(world: World): Reply {
  return json(200, {
    issuer: GOOGLE_ISSUER,
    authorization_endpoint: `${world.url}/o/oauth2/v2/auth`,
    token_endpoint: `${world.url}/token`,
    jwks_uri: `${world.url}/oauth2/v3/certs`,
    response_types_supported: ['code', 'token', 'id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'email', 'profile'],
    claims_supported: ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'sub'],
    grant_types_supported: ['refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  });
}
