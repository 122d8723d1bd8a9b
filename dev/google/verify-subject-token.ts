import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { type Clock, epochSeconds } from '../../src/core/clock.ts';
import { isJsonObject } from '../../src/core/json.ts';
import type { OidcProvider } from './world.ts';

export type SubjectTokenVerdict =
  /** `attributes` are those of the mapping, without their prefix `attribute.` */
  | { outcome: 'allow'; subject: string; attributes?: Record<string, string> }
  | { outcome: 'deny'; description: string };

const MAX_LIFETIME_SECONDS = 24 * 3600;
const FETCH_TIMEOUT_MS = 3000;
const UNREACHABLE = "Error connecting to the given credential's issuer.";

/**
 * Verifies an external OIDC token as the reference of `subject_token` demands: `iss`, `iat` in the
 * past, `exp` in the future and at most 24 hours after it, `sub`, `aud`, and a signature by a key of
 * the issuer (cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token).
 * The mapping is the default one: google.subject is `sub`.
 */
export function createSubjectTokenVerifier(
  clock: Clock,
): (provider: OidcProvider, token: string) => Promise<SubjectTokenVerdict> {
  const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

  async function keySet(provider: OidcProvider) {
    const known = keySets.get(provider.audience);
    if (known !== undefined) return known;
    const made = createRemoteJWKSet(
      new URL(provider.jwksUri ?? (await discover(provider.issuer))),
      {
        timeoutDuration: FETCH_TIMEOUT_MS,
        cooldownDuration: 0,
      },
    );
    keySets.set(provider.audience, made);
    return made;
  }

  return async (provider, token) => {
    const claims = readClaims(token);
    if (claims === undefined) return deny('Unable to parse the ID Token.');
    const refusal = checkClaims(provider, claims, epochSeconds(clock));
    if (refusal !== undefined) return deny(refusal);
    try {
      const keys = await keySet(provider);
      await jwtVerify(token, keys, {
        currentDate: new Date(clock()),
        algorithms: ['RS256', 'ES256'],
      });
    } catch (error) {
      return deny(isTokenFault(error) ? 'Unable to verify the ID Token signature.' : UNREACHABLE);
    }
    return { outcome: 'allow', subject: claims.sub ?? '' };
  };
}

function checkClaims(provider: OidcProvider, claims: JWTPayload, now: number): string | undefined {
  if (claims.iss !== provider.issuer) {
    return `The issuer in ID Token ${claims.iss ?? ''} does not match the expected ones: ${provider.issuer}`;
  }
  const allowed = provider.allowedAudiences ?? [provider.audience, `https:${provider.audience}`];
  const audiences = [claims.aud ?? []].flat();
  if (!audiences.some((audience) => allowed.includes(audience))) {
    return `The audience in ID Token [${audiences.join(', ')}] does not match the expected audience.`;
  }
  if (claims.iat === undefined || claims.exp === undefined) {
    return "ID Token must have both 'iat' and 'exp' claims.";
  }
  if (claims.exp <= now || claims.iat > now) {
    return `ID Token issued at ${claims.iat} is stale to sign-in.`;
  }
  if (claims.exp - claims.iat > MAX_LIFETIME_SECONDS) {
    return 'ID Token must not be valid for more than 24 hours.';
  }
  return claims.sub ? undefined : "ID Token does not contain user's identity in 'sub' claim.";
}

/** @throws when the document cannot be had or names no keys */
async function discover(issuer: string): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    redirect: 'error',
  });
  const document: unknown = response.ok ? await response.json() : undefined;
  if (!isJsonObject(document) || document.issuer !== issuer) throw new Error('no discovery');
  if (typeof document.jwks_uri !== 'string') throw new Error('no jwks_uri');
  return document.jwks_uri;
}

function readClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

function isTokenFault(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}

function deny(description: string): SubjectTokenVerdict {
  return { outcome: 'deny', description };
}
