import type { Identity } from '../core/identity.ts';
import { isJsonObject } from '../core/json.ts';
import { type Challenge, DEFAULT_REALM, type Refusal } from '../core/refusal.ts';
import type { Verdict } from './decide.ts';
import type { StepUp } from './policy.ts';

/** How the client is told of a verdict that refuses; undefined for one that does not. */
export function refusalOf(
  verdict: Verdict,
  identity: Identity | null,
  revealRule: boolean,
): Refusal | undefined {
  if (verdict.outcome === 'allow') return undefined;
  const { code, rule } = verdict;
  return {
    code,
    ...('reason' in verdict ? { detail: `Refused because ${verdict.reason}.` } : {}),
    ...('step_up' in verdict ? stepUpChallenge(verdict.step_up, identity) : {}),
    ...(revealRule && rule !== null ? { rule } : {}),
  };
}

const STRONGER = 'a stronger or more recent authentication is required';

/** RFC 9470 §3. A request without a token learns of no error (RFC 6750 §3.1). */
function stepUpChallenge(
  { acr_values, max_age }: StepUp,
  identity: Identity | null,
): Pick<Refusal, 'detail' | 'challenge'> {
  const error = {
    error: 'insufficient_user_authentication',
    error_description: STRONGER,
  } as const;
  const challenge: Challenge = {
    ...(isBoundToProof(identity) ? { scheme: 'DPoP' } : {}),
    realm: DEFAULT_REALM,
    ...(identity === null ? {} : error),
    ...(acr_values.length === 0 ? {} : { acr_values: acr_values.join(' ') }),
    ...(max_age === null ? {} : { max_age: String(max_age) }),
  };
  return { detail: STRONGER, challenge };
}

/** Such a token was presented under the scheme DPoP (RFC 9449 §6.1): oidc-authorizer takes it under no other. */
function isBoundToProof(identity: Identity | null): boolean {
  const cnf = identity?.claims.cnf;
  return isJsonObject(cnf) && typeof cnf.jkt === 'string';
}
