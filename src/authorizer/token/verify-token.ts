import type { Clock } from '../../core/clock.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import type { AuthorizerConfig } from '../config.ts';
import type { KeyRegistry } from '../keys/create-key-registry.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import type { InvalidTokenReason } from './invalid-token.ts';
import { parseJwt } from './parse-jwt.ts';
import { verifyOnce } from './verified-tokens.ts';
import { verifySignature } from './verify-signature.ts';

export type TokenVerdict =
  | { outcome: 'valid'; issuer: string; claims: JsonObject }
  | { outcome: 'invalid'; reason: InvalidTokenReason }
  | { outcome: 'keys_unavailable'; retry_after_seconds: number };

/**
 * Verifies an access token that is a signed JWT (RFC 7519, with the advice of RFC 8725). Its `iss`, unverified, only
 * chooses which configured issuer to believe; from there on that issuer's keys, algorithms and audiences are the only
 * ones in play.
 *
 * @returns a verdict for whatever text comes in; it throws only on a malfunction
 */
export async function verifyToken(
  token: string,
  config: AuthorizerConfig,
  { clock, keys }: { clock: Clock; keys: KeyRegistry },
): Promise<TokenVerdict> {
  const jwt = parseJwt(token);
  if (jwt === null) return invalid('malformed');
  const { header, claims } = jwt;
  const issuer = config.issuers.find((entry) => entry.issuer === ownMember(claims, 'iss'));
  if (issuer === undefined) return invalid('wrong_issuer');
  const headerProblem = checkHeader(header, issuer);
  if (headerProblem !== null) return invalid(headerProblem);

  const kid = ownMember(header, 'kid');
  const signature = await keys.withKeys(issuer, keyLimits(config), (keySet) =>
    verifyOnce(token, keySet, () =>
      verifySignature(token, typeof kid === 'string' ? kid : undefined, keySet, issuer.algorithms),
    ),
  );
  if (signature.outcome === 'keys_unavailable') return signature;
  if (signature.outcome !== 'verified') return invalid(signature.outcome);

  const { leeway_seconds, max_token_age_seconds } = config;
  const rules = { audiences: issuer.audiences, leeway_seconds, max_token_age_seconds };
  const claimProblem = checkClaims(claims, rules, clock() / 1000);
  return claimProblem === null
    ? { outcome: 'valid', issuer: issuer.issuer, claims }
    : invalid(claimProblem);
}

function invalid(reason: InvalidTokenReason): TokenVerdict {
  return { outcome: 'invalid', reason };
}

function keyLimits(config: AuthorizerConfig) {
  return {
    timeout_ms: config.timeout_ms,
    cache_seconds: config.jwks_cache_seconds,
    max_stale_seconds: config.jwks_max_stale_seconds,
    cooldown_seconds: config.jwks_cooldown_seconds,
  };
}
