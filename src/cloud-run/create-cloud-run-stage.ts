import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { AccessTokens } from '../core/google/access-tokens.ts';
import type { Environment } from '../core/google/environment.ts';
import type { Logger } from '../core/logger.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../core/request.ts';
import { refuse, type Stage } from '../core/stage.ts';
import { checkUpstream } from './check-upstream.ts';
import { checkVerdict } from './check-verdict.ts';
import { type CreateTraceId, cloudTraceContext } from './cloud-trace-context.ts';
import type { CloudRunConfig } from './config.ts';
import { createAccounts } from './create-accounts.ts';
import { defaultAudience } from './default-audience.ts';
import type { IdTokenCache, IdTokenRequest } from './id-token-cache.ts';
import { isFrontEndRefusal, REFUSAL_HEADERS } from './is-front-end-refusal.ts';
import { runAppHost } from './run-app-host.ts';

export interface CloudRunDependencies {
  clock: Clock;
  logger: Logger;
  /** One for the whole process: every nginx worker starts an instance of each config, and again after each change. */
  tokens: IdTokenCache;
  /** Of credentials that impersonate; one for the whole process too. */
  accessTokens: AccessTokens;
  /** Where Application Default Credentials are looked up: GOOGLE_APPLICATION_CREDENTIALS, GCE_METADATA_HOST. */
  environment?: Environment;
  createTraceId?: CreateTraceId;
}

/**
 * From a verdict to a Google ID token for the upstream. No verdict, no token: the verdict is read before anything else.
 *
 * @throws ConfigError where the credentials cannot be used
 * @see https://cloud.google.com/run/docs/authenticating/service-to-service
 */
export function createCloudRunStage(
  config: CloudRunConfig,
  {
    clock,
    logger,
    tokens,
    accessTokens,
    environment = process.env,
    createTraceId = () => randomBytes(16).toString('hex'),
  }: CloudRunDependencies,
): Stage {
  const accounts = createAccounts(config, { clock, environment, tokens: accessTokens });
  const needs = requestNeeds(config);

  /** @throws Malfunction where the host makes no audience */
  function tokenRequest(source: IdTokenRequest['source'], host: string): IdTokenRequest {
    return {
      source,
      audience: config.audience ?? defaultAudience(host),
      refresh_margin_ms: config.refresh_margin_seconds * 1000,
      timeout_ms: config.timeout_ms,
      logger,
    };
  }

  return {
    needs: () => needs,
    async run(facts) {
      const verdict = checkVerdict(config.require, facts.handoff ?? {});
      if (verdict.outcome === 'refuse') return refuse(verdict.refusal);
      const source = accounts.sourceFor(verdict.run_as);
      if (source === undefined) {
        return refuse({
          code: 'invalid_config',
          detail: 'The deciding rule names a service account that this route does not allow.',
        });
      }
      const service = fact(facts, 'service');
      const refusal = checkUpstream(service, fact(facts, 'preserved_host'), config);
      if (refusal !== undefined) return refuse(refusal);
      const { host } = service;
      const result = await tokens.get(tokenRequest(source, host));
      if (result.outcome === 'unavailable') {
        const { retry_after_seconds } = result;
        return refuse({ code: 'id_token_unavailable', retry_after_seconds });
      }
      return {
        outcome: 'continue',
        set_headers: { ...hostHeader(host), ...traceHeader(facts) },
        // Takes the place of every header of that name. The client's X-Serverless-Authorization, which Cloud Run would
        // prefer, oidc-authorizer has removed in every spelling: without its verdict no request comes here.
        secret_headers: { [config.header]: `Bearer ${result.token}` },
      };
    },
    afterwards: {
      needs: { attributes: ['service'], headers: [], handoff: ['policy_decision'] },
      response_headers: REFUSAL_HEADERS,
      concerns: ({ status }) => status === 401,
      hear(response, facts) {
        if (!isFrontEndRefusal(response)) return;
        const source = accounts.sourceFor(facts.handoff?.policy_decision?.run_as);
        if (source === undefined) return;
        tokens.reject(tokenRequest(source, fact(facts, 'service').host));
      },
    },
    async warm({ host }) {
      const source = accounts.sourceFor(undefined);
      if (source !== undefined) await tokens.warm(tokenRequest(source, host));
    },
  };

  function traceHeader(facts: RequestFacts): Record<string, string> {
    if (!config.propagate_trace) return {};
    const { traceparent = '', cloud_trace_context = '' } = facts;
    const context = cloudTraceContext(traceparent, cloud_trace_context, createTraceId);
    return context === undefined ? {} : { 'X-Cloud-Trace-Context': context };
  }
}

/** Where Kong would keep the client's Host, or another plugin has set one, Google's front end would not find the service. */
function hostHeader(host: string): Record<string, string> {
  const name = runAppHost(host);
  return name === undefined ? {} : { Host: name };
}

function requestNeeds(config: CloudRunConfig): RequestNeeds {
  return {
    attributes: [
      'service',
      'preserved_host',
      ...(config.propagate_trace ? (['traceparent', 'cloud_trace_context'] as const) : []),
    ],
    headers: [],
    handoff:
      config.require === 'identity'
        ? ['authenticated_identity', 'policy_decision']
        : ['policy_decision'],
  };
}
