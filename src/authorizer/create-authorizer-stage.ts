import { hash, randomUUID } from 'node:crypto';
import { headerSpellings } from '../core/header-spellings.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../core/request.ts';
import type { Continue, Outcome, Stage } from '../core/stage.ts';
import type { AuthorizerConfig } from './config.ts';
import { createRefusals } from './create-refusals.ts';
import { createTokenAuthorizer } from './create-token-authorizer.ts';
import { dropsHeaders } from './headers/connection-options.ts';
import { IDENTITY_HEADERS } from './headers/identity-headers.ts';
import { createClientAuthentication } from './introspection/client-authentication.ts';
import { createResourceMetadata } from './metadata/resource-metadata.ts';
import { createProofChecker } from './proof/create-proof-checker.ts';
import type { AuthorizerResources } from './resources.ts';
import { createReceiverStage } from './revocation/create-receiver-stage.ts';
import { createTokenVerifier } from './token/create-token-verifier.ts';
import { readCredentials } from './token/read-credentials.ts';

/**
 * Token to identity: verifies the access token of a request and leaves who is asking for the stages after it. Where
 * `security_events` is configured, the route is a receiver of those instead.
 *
 * @returns a stage that continues with `handoff.authenticated_identity`, answers with the resource's metadata, or refuses
 * @throws ConfigError where a key for introspection is none
 */
export function createAuthorizerStage(
  config: AuthorizerConfig,
  resources: AuthorizerResources,
): Stage {
  const { clock, state } = resources;
  const redis = config.redis === undefined ? undefined : resources.redis.stateFor(config.redis);
  const states = redis === undefined ? ([state] as const) : ([state, redis] as const);
  const revocations = resources.revocations.watch(states, config.timeout_ms);
  const { security_events } = config;
  if (security_events !== undefined) {
    const { book } = resources.revocations;
    return createReceiverStage({ ...config, security_events }, { ...resources, states, book });
  }
  for (const { introspection } of config.issuers) {
    // For its error alone, now rather than at the first request.
    if (introspection) createClientAuthentication(introspection, { clock, randomId: randomUUID });
  }

  const metadata = createResourceMetadata(config);
  const refusals = createRefusals(config, metadata?.url);
  const proofs = createProofChecker(config, { ...resources, state: redis ?? state });
  const authorize = createTokenAuthorizer(config, {
    clock,
    callers: resources.callers,
    verifier: createTokenVerifier(config, configId(config), resources),
    proofs,
    revocations,
    refusals,
  });

  const foreign = foreignHeaders(config);
  const removed = config.hide_credentials ? ['authorization', 'dpop', ...foreign] : foreign;
  const needs = needsOf(config, foreign, proofs.needs);

  /**
   * Whoever the caller is, headers that only this chain may set do not come from the client. Of those that count in one
   * spelling alone, the others were not seen.
   */
  function headersToRemove(headers: Record<string, string>): string[] {
    return removed
      .filter((name) => Object.hasOwn(headers, name) || needs.exact_headers?.includes(name))
      .flatMap(headerSpellings);
  }

  function goOn(headers: Record<string, string>): Continue {
    return {
      outcome: 'continue',
      remove_headers: headersToRemove(headers),
      handoff: { authenticated_identity: { outcome: 'anonymous' } },
    };
  }

  function isExemptPreflight(facts: RequestFacts, headers: Record<string, string>): boolean {
    return (
      !config.run_on_preflight &&
      fact(facts, 'method') === 'OPTIONS' &&
      headers.origin !== undefined &&
      headers['access-control-request-method'] !== undefined
    );
  }

  return {
    needs: () => needs,
    run(facts) {
      const headers = fact(facts, 'headers');
      if (dropsHeaders(headers.connection)) return refusals.headersDropped();
      const document = metadata?.answer(fact(facts, 'method'), fact(facts, 'request_uri'));
      if (document) return document;
      const credentials = readCredentials(headers.authorization);
      switch (credentials.form) {
        case 'token': {
          const { scheme, token } = credentials;
          const outcome = authorize({ scheme, token, facts });
          const finish = (arrived: Outcome): Outcome =>
            arrived.outcome === 'continue'
              ? { ...arrived, remove_headers: headersToRemove(headers) }
              : arrived;
          return outcome instanceof Promise ? outcome.then(finish) : finish(outcome);
        }
        case 'none':
          if (config.allow_anonymous || isExemptPreflight(facts, headers)) return goOn(headers);
          return refusals.missingToken();
        case 'malformed':
          return refusals.malformedCredentials(credentials.scheme);
        case 'too_long':
          return refusals.invalidToken(credentials.scheme, 'too_long');
      }
    },
  };
}

/** Headers that are removed from what a client sends, in lower case. */
function foreignHeaders({ claim_headers, client_certificate }: AuthorizerConfig): string[] {
  return [
    ...new Set([
      ...Object.values(claim_headers).map((name) => name.toLowerCase()),
      ...IDENTITY_HEADERS,
      ...(client_certificate === undefined ? [] : [client_certificate.header.toLowerCase()]),
    ]),
  ];
}

function needsOf(
  config: AuthorizerConfig,
  foreign: readonly string[],
  proofs: ReturnType<typeof createProofChecker>['needs'],
): RequestNeeds {
  const attributes = new Set(proofs.attributes);
  const headers = new Set(['authorization', 'connection', ...foreign, ...proofs.headers]);
  if (config.resource_metadata !== undefined) attributes.add('method').add('request_uri');
  if (!config.run_on_preflight) {
    attributes.add('method');
    headers.add('origin').add('access-control-request-method');
  }
  const { header, attributes: more } = proofs.with_header;
  return {
    attributes: [...attributes],
    headers: [...headers],
    handoff: [],
    exact_headers: proofs.exact_headers,
    with_header: { header, attributes: more.filter((attribute) => !attributes.has(attribute)) },
  };
}

/** The same configuration, of whatever instance, and no other. */
function configId(config: AuthorizerConfig): string {
  return hash('sha256', JSON.stringify(config), 'base64url');
}
