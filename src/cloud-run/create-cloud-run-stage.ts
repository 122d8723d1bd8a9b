import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { fact, type RequestNeeds } from '../core/request.ts';
import { refuse, type Stage } from '../core/stage.ts';
import { checkVerdict } from './check-verdict.ts';
import type { CloudRunConfig } from './config.ts';
import { createIdTokenSource } from './create-id-token-source.ts';
import { defaultAudience } from './default-audience.ts';
import type { Environment } from './environment.ts';
import type { IdTokenCache } from './id-token-cache.ts';

export interface CloudRunDependencies {
  clock: Clock;
  logger: Logger;
  /** One for the whole process: every nginx worker starts an instance of each config, and again after each change. */
  tokens: IdTokenCache;
  /** Where Application Default Credentials are looked up: GOOGLE_APPLICATION_CREDENTIALS, GCE_METADATA_HOST. */
  environment?: Environment;
}

/**
 * From a verdict to a Google ID token for the upstream. No verdict, no token: the verdict is read before anything else.
 *
 * @throws ConfigError where the credentials cannot be used
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export function createCloudRunStage(
  config: CloudRunConfig,
  { clock, logger, tokens, environment = process.env }: CloudRunDependencies,
): Stage {
  const source = createIdTokenSource(config.credentials, { clock, environment });
  const needs = requestNeeds(config);

  return {
    needs: () => needs,
    async run(facts) {
      const refusal = checkVerdict(config.require, facts.handoff ?? {});
      if (refusal) return refuse(refusal);
      const audience = config.audience ?? defaultAudience(fact(facts, 'service').host);
      const result = await tokens.get({
        source,
        audience,
        refresh_margin_ms: config.refresh_margin_seconds * 1000,
        timeout_ms: config.timeout_ms,
        logger,
      });
      if (result.outcome === 'unavailable') {
        const { retry_after_seconds } = result;
        return refuse({ code: 'id_token_unavailable', retry_after_seconds });
      }
      return {
        outcome: 'continue',
        // Takes the place of every header of that name. The client's X-Serverless-Authorization, which Cloud Run would
        // prefer, oidc-authorizer has removed in every spelling: without its verdict no request comes here.
        secret_headers: { [config.header]: `Bearer ${result.token}` },
      };
    },
  };
}

function requestNeeds(config: CloudRunConfig): RequestNeeds {
  return {
    attributes: config.audience === undefined ? ['service'] : [],
    headers: [],
    handoff:
      config.require === 'identity'
        ? ['authenticated_identity', 'policy_decision']
        : ['policy_decision'],
  };
}
