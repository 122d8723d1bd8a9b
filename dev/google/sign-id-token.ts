import { SignJWT } from 'jose';
import { epochSeconds } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { ServiceAccount } from './accounts.ts';
import type { World } from './world.ts';

export const GOOGLE_ISSUER = 'https://accounts.google.com';

export interface IdTokenRequest {
  /** a service account, or a user */
  account: Pick<ServiceAccount, 'email' | 'uniqueId'>;
  audience: string;
  /** `email` and `email_verified` are in the token only where the endpoint promises them */
  includeEmail: boolean;
  /** `azp`: the unique id by default; the email where the endpoint documents or is asked for that */
  azp?: string;
  /** more claims, or other values for the ones above; null removes a claim */
  claims?: JsonObject;
}

/**
 * A Google-signed ID token for a service account: RS256, `iss` https://accounts.google.com, `sub` the
 * account's numeric unique id, valid for an hour
 * (cloud.google.com/docs/authentication/token-types#id, cloud.google.com/docs/authentication/get-id-token).
 */
export async function signIdToken(world: World, request: IdTokenRequest): Promise<string> {
  const { account, audience, includeEmail, azp = account.uniqueId } = request;
  const iat = epochSeconds(world.clock);
  const key = world.signingKeys.current();
  const claims: JsonObject = {
    aud: audience,
    azp,
    ...(includeEmail ? { email: account.email, email_verified: true } : {}),
    exp: iat + world.idTokenLifetimeSeconds,
    iat,
    iss: GOOGLE_ISSUER,
    sub: account.uniqueId,
    ...request.claims,
  };
  const present = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
  return await new SignJWT(present)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
    .sign(key.privateKey);
}
