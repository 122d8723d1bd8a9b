import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../src/core/clock.ts';

/** The two forms Google documents for `iss`: developers.google.com/identity/openid-connect/openid-connect */
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

const FETCH_TIMEOUT_MS = 3000;

export type IdTokenVerdict =
  | { outcome: 'allow'; claims: JWTPayload }
  | { outcome: 'deny'; reason: IdTokenFault };

/** `revoked` is what the stand-in was told to refuse, however good it is. */
export type IdTokenFault =
  | 'malformed'
  | 'bad_signature'
  | 'wrong_audience'
  | 'expired'
  | 'bad_claims'
  | 'revoked';

export type VerifyIdToken = (token: string) => Promise<IdTokenVerdict>;

/**
 * Verifies a Google-signed ID token: RS256 by a published key, issuer, audience, `exp`
 * (cloud.google.com/docs/authentication/token-types#id). Keys are fetched again whenever a token names
 * one that is not known.
 *
 * @returns a function that throws when the certificates cannot be fetched: that says nothing about the token
 */
export function createIdTokenVerifier(
  certsUrl: string,
  audiences: readonly string[],
  clock: Clock,
): VerifyIdToken {
  const keys = createRemoteJWKSet(new URL(certsUrl), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: 0,
  });
  const audience = audiences.flatMap(withSlash);

  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer: ISSUERS,
        audience,
        requiredClaims: ['exp', 'iat', 'sub'],
        currentDate: new Date(clock()),
      });
      return { outcome: 'allow', claims: payload };
    } catch (error) {
      const reason = faultOf(error);
      if (reason === undefined) throw error;
      return { outcome: 'deny', reason };
    }
  };
}

/**
 * Google's own samples write the service URL with a slash at its end as well as without
 * (cloud.google.com/run/docs/samples/cloudrun-service-to-service-auth). A custom audience is any
 * string and is compared as it is (cloud.google.com/run/docs/configuring/custom-audiences).
 */
function withSlash(audience: string): string[] {
  return /^https?:\/\/[^/]+$/.test(audience) ? [audience, `${audience}/`] : [audience];
}

/** @returns undefined for an error that is not the token's */
function faultOf(error: unknown): IdTokenFault | undefined {
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'aud' ? 'wrong_audience' : 'bad_claims';
  }
  return error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
    ? 'bad_signature'
    : undefined;
}
