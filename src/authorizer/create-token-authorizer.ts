import { ownMember } from '../core/json.ts';
import type { RequestFacts } from '../core/request.ts';
import type { Outcome } from '../core/stage.ts';
import type { AuthorizerConfig } from './config.ts';
import type { Refusals } from './create-refusals.ts';
import { checkAuthentication } from './identity/check-authentication.ts';
import { type Caller, readCaller } from './identity/read-caller.ts';
import type { ProofChecker, ProofVerdict } from './proof/create-proof-checker.ts';
import type { AuthorizerResources } from './resources.ts';
import type { RevocationWatch } from './revocation/watch-revocations.ts';
import type { TokenVerdict, TokenVerifier } from './token/create-token-verifier.ts';
import type { TokenScheme } from './token/read-credentials.ts';
import type { VerifiedToken } from './token/verified-token.ts';

/** An access token as a request brings it. */
export interface PresentedCredentials {
  scheme: TokenScheme;
  token: string;
  facts: RequestFacts;
}

export type TokenAuthorizer = (presented: PresentedCredentials) => Outcome | Promise<Outcome>;

export interface TokenAuthorizerParts {
  clock: AuthorizerResources['clock'];
  callers: AuthorizerResources['callers'];
  verifier: TokenVerifier;
  proofs: ProofChecker;
  revocations: RevocationWatch;
  refusals: Refusals;
}

const STATE_RETRY_SECONDS = 1;

/**
 * Decides about a token, from who made it to what it lacks: is it good, is it still, does it belong to whoever sends it,
 * and is it enough. Nothing is waited for where nothing has to be asked.
 */
export function createTokenAuthorizer(
  config: AuthorizerConfig,
  { clock, callers, verifier, proofs, revocations, refusals }: TokenAuthorizerParts,
): TokenAuthorizer {
  function callerOf(token: VerifiedToken): Caller {
    let caller = callers.get(token);
    if (caller === undefined) {
      caller = readCaller(token, config);
      callers.set(token, caller);
    }
    return caller;
  }

  function afterVerifying(
    presented: PresentedCredentials,
    verdict: TokenVerdict,
  ): Outcome | Promise<Outcome> {
    const { scheme } = presented;
    switch (verdict.outcome) {
      case 'keys_unavailable':
      case 'introspection_unavailable':
        return refusals.unavailable(verdict.outcome, verdict.retry_after_seconds);
      case 'invalid':
        return refusals.invalidToken(scheme, verdict.reason);
      case 'valid':
    }
    const { token } = verdict;
    const caller = callerOf(token);
    if (caller.outcome === 'invalid') return refusals.invalidToken(scheme, caller.reason);
    if (revocations.isCurrent()) return afterHearing(presented, token, caller);
    return revocations
      .becomeCurrent()
      .then((isCurrent) =>
        isCurrent
          ? afterHearing(presented, token, caller)
          : refusals.unavailable('shared_state_unavailable', STATE_RETRY_SECONDS),
      );
  }

  /** Once it is known what has been revoked. */
  function afterHearing(
    { scheme, token: text, facts }: PresentedCredentials,
    token: VerifiedToken,
    caller: Extract<Caller, { outcome: 'caller' }>,
  ): Outcome | Promise<Outcome> {
    if (revocations.isRevoked(token)) return refusals.invalidToken(scheme, 'revoked');
    const proof = proofs.check({ scheme, token: text, cnf: ownMember(token.claims, 'cnf') }, facts);
    return proof instanceof Promise
      ? proof.then((proved) => afterProving(scheme, token, caller, proved))
      : afterProving(scheme, token, caller, proof);
  }

  function afterProving(
    scheme: TokenScheme,
    { claims }: VerifiedToken,
    { go_on, lacking }: Extract<Caller, { outcome: 'caller' }>,
    proof: ProofVerdict,
  ): Outcome {
    switch (proof.outcome) {
      case 'invalid_token':
        return refusals.invalidToken(scheme, proof.reason);
      case 'invalid_proof':
        return refusals.invalidProof(proof.reason);
      case 'use_nonce':
        return refusals.useNonce(proof.nonce);
      case 'shared_state_unavailable':
        return refusals.unavailable('shared_state_unavailable', STATE_RETRY_SECONDS);
      case 'proved':
    }
    if (lacking?.what === 'scope') return refusals.insufficientScope(scheme);
    if (lacking?.what === 'claim') return refusals.claimMismatch(lacking.claim);
    const weakness = checkAuthentication(claims, config, clock() / 1000);
    if (weakness !== null) return refusals.insufficientAuthentication(scheme, weakness);
    if (proof.nonce === undefined) return go_on;
    return { ...go_on, response_headers: { 'DPoP-Nonce': proof.nonce } };
  }

  function authorize(presented: PresentedCredentials): Outcome | Promise<Outcome> {
    const verdict = verifier.verify(presented.token);
    return verdict instanceof Promise
      ? verdict.then((arrived) => afterVerifying(presented, arrived))
      : afterVerifying(presented, verdict);
  }

  return authorize;
}
