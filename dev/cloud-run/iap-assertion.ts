import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { type Clock, epochSeconds } from '../../src/core/clock.ts';

export interface IapAssertions {
  /** what www.gstatic.com/iap/verify/public_key-jwk publishes */
  keys: JWK[];
  /** the headers that tell the app who called */
  headersFor(claims: JWTPayload): Promise<Record<string, string[]>>;
}

const LIFETIME_SECONDS = 600;

/**
 * The signed header and the two plain ones: cloud.google.com/iap/docs/signed-headers-howto.
 *
 * @param audience `/projects/{number}/locations/{region}/services/{service}`
 */
export async function createIapAssertions(audience: string, clock: Clock): Promise<IapAssertions> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomBytes(4).toString('base64url');
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' };

  return {
    keys: [jwk],
    headersFor: async ({ email, sub }) => {
      const iat = epochSeconds(clock);
      const user = `accounts.google.com:${sub}`;
      const assertion = await new SignJWT({
        aud: audience,
        azp: audience,
        email,
        exp: iat + LIFETIME_SECONDS,
        iat,
        identity_source: 'GOOGLE',
        iss: 'https://cloud.google.com/iap',
        sub: user,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        .sign(privateKey);
      return {
        'x-goog-iap-jwt-assertion': [assertion],
        'x-goog-authenticated-user-email': [`accounts.google.com:${email}`],
        'x-goog-authenticated-user-id': [user],
      };
    },
  };
}
