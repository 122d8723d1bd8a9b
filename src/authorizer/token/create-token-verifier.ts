import { hash } from 'node:crypto';
import { countCacheResult } from '../../core/cache-counters.ts';
import type { Clock } from '../../core/clock.ts';
import { isJsonObject, type JsonObject, ownMember } from '../../core/json.ts';
import type { AuthorizerConfig, IssuerConfig } from '../config.ts';
import { checkIntrospectedClaims } from '../introspection/check-introspected-claims.ts';
import { contradictsToken } from '../introspection/contradicts-token.ts';
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
  opaque: OpaqueTokens;
}

/**
 * Tokens that are no JWT, by what an introspector has said of them and then by configuration: the same answer is the same
 * token, for as long as the answer is kept.
 */
export type OpaqueTokens = WeakMap<JsonObject, Map<string, VerifiedToken>>;

/** @param configId the same for the same configuration, and for no other */
export function createTokenVerifier(
  config: AuthorizerConfig,
  configId: string,
  { clock, keys, introspector, tokens, opaque }: TokenVerifierDependencies,
): TokenVerifier {
  const limits = keyLimitsOf(config);
  const introspecting = config.issuers.find(({ introspection }) => introspection !== undefined);

  function verifyJwt(text: string): TokenVerdict | Promise<TokenVerdict> | null {
    const digest = hash('sha256', text, 'hex');
    const id = `${configId}.${digest}`;
    const known = tokens.get(id);
    if (known !== undefined && keys.peek(known.token.issuer, limits) === known.keys) {
      countCacheResult('verified_tokens', 'hit');
      return judge(text, known.token, id, config.timeout_ms);
    }
    const jwt = parseJwt(text);
    // What only a lenient reader takes for a JWT must not get past all that is checked of JWTs by being no JWT here.
    if (jwt === null) return hasJoseHeader(text) ? invalid('malformed') : null;
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
    const began_at_ms = clock();
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
    // What waiting for keys has left of the time for all waiting.
    const left_ms = Math.max(1, config.timeout_ms - Math.abs(clock() - began_at_ms));
    if (isKnown) return judge(text, known?.token ?? token, id, left_ms);
    if (used !== undefined) tokens.set(id, { keys: used, token });
    return judge(text, token, id, left_ms);
  }

  /** What is left to say of a JWT once its signature is verified. */
  function judge(
    text: string,
    token: VerifiedToken,
    id: string,
    left_ms: number,
  ): TokenVerdict | Promise<TokenVerdict> {
    const { issuer, claims } = token;
    // A Security Event Token (RFC 8417 §2.2), a logout token among them, whatever its `typ` says.
    if (Object.hasOwn(claims, 'events')) return invalid('wrong_type');
    const problem =
      checkAudience(claims, issuer) ??
      checkTimes(claims, config, clock() / 1000) ??
      checkNames(claims);
    if (problem === 'expired') tokens.delete(id);
    if (problem !== null) return invalid(problem);
    if (issuer.introspection?.tokens !== 'all') return { outcome: 'valid', token };
    return ask(text, issuer.introspection, left_ms, (result) =>
      result.outcome === 'active' && !contradictsToken(claims, result.claims, clock() / 1000)
        ? { outcome: 'valid', token }
        : invalid('inactive'),
    );
  }

  function ask(
    text: string,
    settings: NonNullable<IssuerConfig['introspection']>,
    timeout_ms: number,
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
    return introspector.introspect(text, settings, timeout_ms).then(finish);
  }

  /** Anything but a JWT. */
  function verifyOpaque(text: string): TokenVerdict | Promise<TokenVerdict> {
    if (introspecting?.introspection === undefined) return invalid('malformed');
    const issuer = introspecting;
    return ask(text, introspecting.introspection, config.timeout_ms, (result) => {
      if (result.outcome === 'inactive') return invalid('inactive');
      const check = checkIntrospectedClaims(
        result.claims,
        { ...issuer, ...config },
        clock() / 1000,
      );
      if (check.outcome === 'invalid') return invalid(check.reason);
      const known = opaque.get(result.claims) ?? new Map<string, VerifiedToken>();
      let token = known.get(configId);
      if (token === undefined) {
        const digest = hash('sha256', text, 'hex');
        token = { issuer, claims: check.claims, digest, characters: text.length };
        opaque.set(result.claims, known.set(configId, token));
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

/** Whether somebody, however lenient, might read the first part as a JOSE header. */
function hasJoseHeader(text: string): boolean {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString(),
    );
    return isJsonObject(header) && Object.hasOwn(header, 'alg');
  } catch {
    return false;
  }
}

function invalid(reason: InvalidTokenReason): TokenVerdict {
  return { outcome: 'invalid', reason };
}
