import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { createLocalSharedState } from '../core/local-shared-state.ts';
import type { Logger } from '../core/logger.ts';
import type { SharedState } from '../core/shared-state.ts';
import type { Caller } from './identity/read-caller.ts';
import { createIntrospector, type Introspector } from './introspection/create-introspector.ts';
import { createKeyRegistry, type KeyRegistry } from './keys/create-key-registry.ts';
import { createProofBudget, type ProofBudget } from './proof/proof-budget.ts';
import { createRedisRegistry, type RedisRegistry } from './redis/create-redis-registry.ts';
import { createRevocationWatcher, type RevocationWatcher } from './revocation/watch-revocations.ts';
import type { OpaqueTokens } from './token/create-token-verifier.ts';
import { createTokenCache, type TokenCache } from './token/token-cache.ts';
import type { VerifiedToken } from './token/verified-token.ts';

/**
 * What all instances of oidc-authorizer in a process have in common. Kong starts an instance for each nginx worker and
 * configuration, and again after every change.
 */
export interface AuthorizerResources {
  clock: Clock;
  logger: Logger;
  keys: KeyRegistry;
  introspector: Introspector;
  tokens: TokenCache;
  budget: ProofBudget;
  /** What tokens of the cache mean: as long as they are kept, and once for all instances. */
  callers: WeakMap<VerifiedToken, Caller>;
  opaque: OpaqueTokens;
  /** Shared by all processes of the plugin server. */
  state: SharedState;
  /** State that gateways share. */
  redis: RedisRegistry;
  revocations: RevocationWatcher;
  /** What nonces are made from: the same in all processes of the plugin server. */
  secret: Uint8Array;
}

export interface AuthorizerEnvironment {
  clock: Clock;
  fetch: typeof globalThis.fetch;
  logger: Logger;
  state?: SharedState;
  secret?: Uint8Array;
}

const SECRET_BYTES = 32;

export function createAuthorizerResources(environment: AuthorizerEnvironment): AuthorizerResources {
  const { clock, logger } = environment;
  return {
    clock,
    logger,
    keys: createKeyRegistry(environment),
    introspector: createIntrospector(environment),
    tokens: createTokenCache(),
    budget: createProofBudget(),
    callers: new WeakMap(),
    opaque: new WeakMap(),
    state: environment.state ?? createLocalSharedState({ clock }),
    redis: createRedisRegistry(environment),
    revocations: createRevocationWatcher(environment),
    secret: environment.secret ?? randomBytes(SECRET_BYTES),
  };
}
