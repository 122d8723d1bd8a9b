import type { AuthorizerConfig } from '../config.ts';
import type { KeyLimits } from './key-state.ts';

type LimitFields = Pick<
  AuthorizerConfig,
  'timeout_ms' | 'jwks_cache_seconds' | 'jwks_max_stale_seconds' | 'jwks_cooldown_seconds'
>;

/** What one configuration allows for the keys of its issuers. */
export function keyLimitsOf(config: LimitFields): KeyLimits {
  return {
    timeout_ms: config.timeout_ms,
    cache_seconds: config.jwks_cache_seconds,
    max_stale_seconds: config.jwks_max_stale_seconds,
    cooldown_seconds: config.jwks_cooldown_seconds,
  };
}
