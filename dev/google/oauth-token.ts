import type { Call, Reply } from './call.ts';
import { oauthError } from './errors.ts';
import { jwtBearerGrant } from './jwt-bearer-grant.ts';
import { refreshTokenGrant } from './refresh-token-grant.ts';
import type { World } from './world.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** `POST /token`, as oauth2.googleapis.com: for service accounts by assertion, for users by refresh token. */
export async function oauthToken(world: World, call: Call): Promise<Reply> {
  const form = new URLSearchParams(call.body);
  const grantType = form.get('grant_type') ?? '';
  if (grantType === JWT_BEARER) return await jwtBearerGrant(world, form);
  if (grantType === 'refresh_token') return await refreshTokenGrant(world, call, form);
  return oauthError('unsupported_grant_type', `Invalid grant_type: ${grantType}`);
}
