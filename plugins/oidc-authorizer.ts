import { authorizerFields } from '../src/authorizer/config.ts';
import { createAuthorizerStage } from '../src/authorizer/create-authorizer-stage.ts';
import { createAuthorizerResources } from '../src/authorizer/resources.ts';
import { systemClock } from '../src/core/clock.ts';
import { hostSecret, hostSharedState } from '../src/core/shared-state-host.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';

const resources = createAuthorizerResources({
  clock: systemClock,
  fetch,
  logger: createLogger(),
  state: hostSharedState(systemClock),
  secret: hostSecret(),
});

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'oidc-authorizer',
  priority: 1050,
  fields: authorizerFields,
  createStage: (config) => createAuthorizerStage(config, resources),
  // A request may wait for keys and then for an answer about its token.
  timeoutMs: (config) => 2 * config.timeout_ms + PDK_TIME_MS,
  logger: resources.logger,
});
