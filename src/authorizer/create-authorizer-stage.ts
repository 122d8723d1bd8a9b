import type { Clock } from '../core/clock.ts';
import { headerSpellings } from '../core/header-spellings.ts';
import type { Identity, IdentityVerdict } from '../core/identity.ts';
import { ownMember } from '../core/json.ts';
import type { Logger } from '../core/logger.ts';
import { fact, type RequestNeeds } from '../core/request.ts';
import type { Continue, Outcome, Stage } from '../core/stage.ts';
import type { AuthorizerConfig } from './config.ts';
import { claimHeaderValues } from './headers/claim-headers.ts';
import { dropsHeaders } from './headers/connection-options.ts';
import { lacksClaim } from './identity/lacks-claim.ts';
import { readIdentity } from './identity/read-identity.ts';
import { tokenFingerprint } from './identity/token-fingerprint.ts';
import { createKeyRegistry, type KeyRegistry } from './keys/create-key-registry.ts';
import * as refusals from './refusals.ts';
import { readCredentials } from './token/read-credentials.ts';
import { verifyToken } from './token/verify-token.ts';

export interface AuthorizerDependencies {
  clock: Clock;
  fetch: typeof globalThis.fetch;
  logger: Logger;
  /** The process's one registry of keys, so that instances share them. Left out, the stage keeps its own. */
  keys?: KeyRegistry;
}

/** Cloud Run prefers it to Authorization wherever the token is from; cloud-run-token sets it, or Authorization. */
const SERVERLESS_AUTHORIZATION = 'x-serverless-authorization';

/**
 * Token to identity: verifies the bearer token of a request and leaves who is asking for the stages after it.
 *
 * @returns a stage that reads headers alone; it continues with `handoff.authenticated_identity` or refuses with
 *   missing_token, invalid_request, invalid_token, insufficient_scope, claim_mismatch or keys_unavailable
 */
export function createAuthorizerStage(
  config: AuthorizerConfig,
  dependencies: AuthorizerDependencies,
): Stage {
  const { clock } = dependencies;
  const keys = dependencies.keys ?? createKeyRegistry(dependencies);
  const { realm } = config;
  const claimHeaders = Object.values(config.claim_headers).map((name) => name.toLowerCase());
  const foreign = [...new Set([...claimHeaders, SERVERLESS_AUTHORIZATION])];
  const needs: RequestNeeds = {
    attributes: [],
    headers: ['authorization', 'connection', ...foreign],
    handoff: [],
  };
  const hidden = config.hide_credentials ? ['authorization', ...foreign] : foreign;

  /** Whoever the caller is, headers that only this chain may set do not come from the client. */
  function headersToRemove(headers: Record<string, string>): string[] {
    return hidden.filter((name) => Object.hasOwn(headers, name)).flatMap(headerSpellings);
  }

  async function authorize(token: string, remove_headers: string[]): Promise<Outcome> {
    const verdict = await verifyToken(token, config, { clock, keys });
    if (verdict.outcome === 'keys_unavailable') {
      return refusals.keysUnavailable(verdict.retry_after_seconds);
    }
    if (verdict.outcome === 'invalid') {
      return refusals.invalidToken(realm, verdict.reason);
    }
    const reading = readIdentity(verdict.claims, verdict.issuer, config.groups_claim);
    if (reading.outcome === 'invalid') {
      return refusals.invalidToken(realm, reading.reason);
    }
    const { identity } = reading;
    if (!config.required_scopes.every((scope) => identity.scopes.includes(scope))) {
      return refusals.insufficientScope(realm, config.required_scopes);
    }
    const lacking = lacksClaim(identity, config.required_claims);
    if (lacking !== null) return refusals.claimMismatch(lacking);
    return {
      ...goOn(authenticated(identity, token), remove_headers),
      authenticated_groups: identity.groups,
      set_headers: claimHeaderValues(config.claim_headers, identity),
    };
  }

  function goOn(authenticated_identity: IdentityVerdict, remove_headers: string[]): Continue {
    return { outcome: 'continue', remove_headers, handoff: { authenticated_identity } };
  }

  return {
    needs: () => needs,
    run(facts) {
      const headers = fact(facts, 'headers');
      if (dropsHeaders(headers.connection)) return refusals.headersDropped();
      const credentials = readCredentials(headers.authorization);
      switch (credentials.form) {
        case 'bearer':
          return authorize(credentials.token, headersToRemove(headers));
        case 'none':
          if (config.allow_anonymous) {
            return goOn({ outcome: 'anonymous' }, headersToRemove(headers));
          }
          return refusals.missingToken(realm);
        case 'malformed':
          return refusals.invalidRequest(realm);
        case 'too_long':
          return refusals.invalidToken(realm, 'too_long');
        case 'dpop':
          return refusals.invalidToken(realm, 'proof_unsupported');
      }
    },
  };
}

function authenticated(identity: Identity, token: string): IdentityVerdict {
  const jti = ownMember(identity.claims, 'jti');
  return {
    outcome: 'authenticated',
    identity,
    token: { jti: typeof jti === 'string' ? jti : null, fingerprint: tokenFingerprint(token) },
  };
}
