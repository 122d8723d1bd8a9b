import type { Challenge } from '../core/refusal.ts';
import { type Refuse, refuse } from '../core/stage.ts';
import type { AuthorizerConfig } from './config.ts';
import { INVALID_BINDING, type InvalidBindingReason } from './proof/invalid-binding.ts';
import { INVALID_DPOP_PROOF, type InvalidDpopProofReason } from './proof/invalid-dpop-proof.ts';
import { INVALID_TOKEN, type InvalidTokenReason } from './token/invalid-token.ts';
import type { TokenScheme } from './token/read-credentials.ts';

const DESCRIPTIONS = { ...INVALID_TOKEN, ...INVALID_BINDING };

export type Refusals = ReturnType<typeof createRefusals>;

/**
 * How one configuration refuses. A challenge is of the scheme that the client used, so that it can tell what to mend; one
 * that used none learns of DPoP where nothing less would do.
 *
 * @param resource_metadata the URL of the metadata that challenges name (RFC 9728 §5.1)
 */
export function createRefusals(config: AuthorizerConfig, resource_metadata: string | undefined) {
  const { realm, required_scopes, required_acr, max_authentication_age_seconds } = config;
  const scope = required_scopes.join(' ');
  const algs = config.dpop.algorithms.join(' ');
  const usual: TokenScheme = config.proof_of_possession === 'required' ? 'dpop' : 'bearer';

  function challenge(scheme: TokenScheme, parameters: Omit<Challenge, 'realm'> = {}): Challenge {
    return {
      ...(scheme === 'dpop' ? { scheme: 'DPoP', algs } : {}),
      realm,
      ...parameters,
      ...(resource_metadata === undefined ? {} : { resource_metadata }),
    };
  }

  return {
    /** RFC 6750 §3.1: a request without credentials learns how to authenticate, and no error. */
    missingToken(): Refuse {
      const parameters = scope === '' ? {} : { scope };
      return refuse({ code: 'missing_token', challenge: challenge(usual, parameters) });
    },

    malformedCredentials(scheme: TokenScheme): Refuse {
      const error_description = 'the Authorization header is malformed';
      return refuse({
        code: 'invalid_request',
        detail: error_description,
        challenge: challenge(scheme, { error: 'invalid_request', error_description }),
      });
    },

    headersDropped(): Refuse {
      return refuse({
        code: 'invalid_request',
        detail: 'the Connection header names other headers',
      });
    },

    invalidToken(scheme: TokenScheme, reason: InvalidTokenReason | InvalidBindingReason): Refuse {
      const error_description = DESCRIPTIONS[reason];
      const used = reason === 'dpop_required' ? 'dpop' : reason === 'not_bound' ? usual : scheme;
      return refuse({
        code: 'invalid_token',
        detail: error_description,
        challenge: challenge(used, { error: 'invalid_token', error_description }),
      });
    },

    /** RFC 9449 §7.1. */
    invalidProof(reason: InvalidDpopProofReason): Refuse {
      const error_description = INVALID_DPOP_PROOF[reason];
      return refuse({
        code: 'invalid_dpop_proof',
        detail: error_description,
        challenge: challenge('dpop', { error: 'invalid_dpop_proof', error_description }),
      });
    },

    /** RFC 9449 §9: the client is to send its request again, with this nonce in its proof. */
    useNonce(nonce: string): Refuse {
      return refuse({
        code: 'use_dpop_nonce',
        challenge: challenge('dpop', {
          error: 'use_dpop_nonce',
          error_description: 'the DPoP proof needs a nonce of this gateway',
        }),
        headers: { 'DPoP-Nonce': nonce },
      });
    },

    /** It names everything the token needs, not only what it lacks (RFC 6750 §3). */
    insufficientScope(scheme: TokenScheme): Refuse {
      const error_description = 'the token lacks a required scope';
      return refuse({
        code: 'insufficient_scope',
        detail: error_description,
        challenge: challenge(scheme, { error: 'insufficient_scope', error_description, scope }),
      });
    },

    /** No challenge: another token of this client would say the same. */
    claimMismatch(claim: string): Refuse {
      return refuse({ code: 'claim_mismatch', detail: `the claim ${claim} has no accepted value` });
    },

    /** RFC 9470 §3. */
    insufficientAuthentication(scheme: TokenScheme, lacking: 'acr' | 'auth_time'): Refuse {
      const error_description =
        lacking === 'acr'
          ? 'a stronger authentication is required'
          : 'a more recent authentication is required';
      return refuse({
        code: 'insufficient_user_authentication',
        detail: error_description,
        challenge: challenge(scheme, {
          error: 'insufficient_user_authentication',
          error_description,
          ...(required_acr.length > 0 ? { acr_values: required_acr.join(' ') } : {}),
          ...(max_authentication_age_seconds === undefined
            ? {}
            : { max_age: String(max_authentication_age_seconds) }),
        }),
      });
    },

    unavailable(
      code: 'keys_unavailable' | 'introspection_unavailable' | 'shared_state_unavailable',
      retry_after_seconds: number,
    ): Refuse {
      return refuse({ code, retry_after_seconds });
    },
  };
}
