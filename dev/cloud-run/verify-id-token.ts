import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../src/core/clock.ts';

/** The two forms Google documents for `iss`: developers.google.com/identity/openid-connect/openid-connect */
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

const FETCH_TIMEOUT_MS = 3000;

/**
 * Verifies a Google-signed ID token: RS256 by a published key, issuer, audience, `exp`
 * (cloud.google.com/docs/authentication/token-types#id). Keys are fetched again whenever a token names
 * one that is not known.
 *
 * @returns undefined for a token that does not verify
 * @throws when the certificates cannot be fetched: that says nothing about the token
 */
export function createIdTokenVerifier(
  certsUrl: string,
  audiences: readonly string[],
  clock: Clock,
): (token: string) => Promise<JWTPayload | undefined> {
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
      return payload;
    } catch (error) {
      if (isTokenFault(error)) return undefined;
      throw error;
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

function isTokenFault(error: unknown): boolean {
  return (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}
