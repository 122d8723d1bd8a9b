import { hash } from 'node:crypto';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { Clock } from '../../core/clock.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import type { AuthorizerConfig, IssuerConfig } from '../config.ts';
import { checkIntrospectedClaims } from '../introspection/check-introspected-claims.ts';
import type { IntrospectionResult, Introspector } from '../introspection/create-introspector.ts';
import type { KeyRegistry } from '../keys/create-key-registry.ts';
import { keyLimitsOf } from '../keys/key-limits-of.ts';
import type { KeySet } from '../keys/load-keys.ts';
import { checkAudience, checkNames, checkTimes } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import type { InvalidTokenReason } from './invalid-token.ts';
import { parseJwt } from './parse-jwt.ts';
import type { KnownToken, TokenCache } from './token-cache.ts';
import type { VerifiedToken } from './verified-token.ts';
import { verifySignature } from './verify-signature.ts';

export type TokenVerdict =
  | { outcome: 'valid'; token: VerifiedToken }
  | { outcome: 'invalid'; reason: InvalidTokenReason }
  | {
      outcome: 'keys_unavailable' | 'introspection_unavailable';
      retry_after_seconds: number;
    };

export interface TokenVerifier {
  /**
   * Verifies an access token: a signed JWT (RFC 7519, with the advice of RFC 8725), or any other text where an issuer
   * answers questions about its tokens (RFC 7662).
   *
   * The `iss` of a JWT, unverified, only chooses which configured issuer to believe; from there on that issuer's keys,
   * algorithms and audiences are the only ones in play.
   *
   * @returns a verdict for whatever text comes in: at once for a token that was verified before
   */
  verify(token: string): TokenVerdict | Promise<TokenVerdict>;
}

export interface TokenVerifierDependencies {
  clock: Clock;
  keys: KeyRegistry;
  introspector: Introspector;
  tokens: TokenCache;
}

/** @param configId the same for the same configuration, and for no other */
export function createTokenVerifier(
  config: AuthorizerConfig,
  configId: string,
  { clock, keys, introspector, tokens }: TokenVerifierDependencies,
): TokenVerifier {
  const limits = keyLimitsOf(config);
  /** Goes with the introspector's cache: the same answer is the same token. */
  const opaque = new WeakMap<JsonObject, VerifiedToken>();
  const introspecting = config.issuers.find(({ introspection }) => introspection !== undefined);

  function verifyJwt(text: string): TokenVerdict | Promise<TokenVerdict> | null {
    const digest = hash('sha256', text, 'hex');
    const id = `${configId}.${digest}`;
    const known = tokens.get(id);
    if (known !== undefined && keys.peek(known.token.issuer, limits) === known.keys) {
      countCacheResult('verified_tokens', 'hit');
      return judge(text, known.token, id);
    }
    const jwt = parseJwt(text);
    if (jwt === null) return null;
    const { header, claims } = jwt;
    const issuer = config.issuers.find((entry) => entry.issuer === ownMember(claims, 'iss'));
    if (issuer === undefined) return invalid('wrong_issuer');
    const headerProblem = checkHeader(header, issuer);
    if (headerProblem !== null) return invalid(headerProblem);
    const kid = ownMember(header, 'kid');
    const token = { issuer, claims, digest, characters: text.length };
    return verifyWithKeys(text, id, typeof kid === 'string' ? kid : undefined, token, known);
  }

  async function verifyWithKeys(
    text: string,
    id: string,
    kid: string | undefined,
    token: VerifiedToken,
    known: KnownToken | undefined,
  ): Promise<TokenVerdict> {
    const { issuer } = token;
    let used: KeySet | undefined;
    const signature = await keys.withKeys(
      issuer,
      limits,
      async (keySet) => {
        used = keySet;
        if (known?.keys === keySet) return 'verified';
        return verifySignature(text, kid, keySet, issuer.algorithms);
      },
      issuedAtMs(token, config.leeway_seconds),
    );
    const isKnown = used !== undefined && known?.keys === used;
    const isVerified = signature.outcome === 'verified';
    countCacheResult('verified_tokens', isKnown ? 'hit' : isVerified ? 'miss' : 'failed');
    if (signature.outcome === 'keys_unavailable') return signature;
    if (signature.outcome !== 'verified') return invalid(signature.outcome);
    if (isKnown) return judge(text, known?.token ?? token, id);
    if (used !== undefined) tokens.set(id, { keys: used, token });
    return judge(text, token, id);
  }

  /** What is left to say of a JWT once its signature is verified. */
  function judge(
    text: string,
    token: VerifiedToken,
    id: string,
  ): TokenVerdict | Promise<TokenVerdict> {
    const { issuer, claims } = token;
    const problem =
      checkAudience(claims, issuer) ??
      checkTimes(claims, config, clock() / 1000) ??
      checkNames(claims);
    if (problem === 'expired') tokens.delete(id);
    if (problem !== null) return invalid(problem);
    if (issuer.introspection?.tokens !== 'all') return { outcome: 'valid', token };
    return ask(text, issuer.introspection, (result) =>
      result.outcome === 'active' ? { outcome: 'valid', token } : invalid('inactive'),
    );
  }

  function ask(
    text: string,
    settings: NonNullable<IssuerConfig['introspection']>,
    conclude: (result: Exclude<IntrospectionResult, { outcome: 'unavailable' }>) => TokenVerdict,
  ): TokenVerdict | Promise<TokenVerdict> {
    const finish = (result: IntrospectionResult): TokenVerdict =>
      result.outcome === 'unavailable'
        ? {
            outcome: 'introspection_unavailable',
            retry_after_seconds: result.retry_after_seconds,
          }
        : conclude(result);
    const known = introspector.peek(text, settings);
    if (known !== undefined) return finish(known);
    return introspector.introspect(text, settings, config.timeout_ms).then(finish);
  }

  /** Anything but a JWT. */
  function verifyOpaque(text: string): TokenVerdict | Promise<TokenVerdict> {
    if (introspecting?.introspection === undefined) return invalid('malformed');
    const issuer = introspecting;
    return ask(text, introspecting.introspection, (result) => {
      if (result.outcome === 'inactive') return invalid('inactive');
      const check = checkIntrospectedClaims(
        result.claims,
        { ...issuer, ...config },
        clock() / 1000,
      );
      if (check.outcome === 'invalid') return invalid(check.reason);
      let token = opaque.get(result.claims);
      if (token === undefined) {
        const digest = hash('sha256', text, 'hex');
        token = { issuer, claims: check.claims, digest, characters: text.length };
        opaque.set(result.claims, token);
      }
      return { outcome: 'valid', token };
    });
  }

  return {
    verify(text) {
      const verdict = isShapedLikeJwt(text) ? verifyJwt(text) : null;
      return verdict ?? verifyOpaque(text);
    },
  };
}

/** When the token existed at the latest, going by what it says of itself. */
function issuedAtMs({ claims }: VerifiedToken, leeway_seconds: number): number | undefined {
  const iat = ownMember(claims, 'iat');
  return typeof iat === 'number' ? (iat + leeway_seconds) * 1000 : undefined;
}

/** Three parts: a signed JWT, or something that happens to look like one. */
function isShapedLikeJwt(text: string): boolean {
  const first = text.indexOf('.');
  const second = text.indexOf('.', first + 1);
  return first !== -1 && second !== -1 && text.indexOf('.', second + 1) === -1;
}

function invalid(reason: InvalidTokenReason): TokenVerdict {
  return { outcome: 'invalid', reason };
}
