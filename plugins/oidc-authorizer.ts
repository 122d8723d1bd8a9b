import { authorizerFields } from '../src/authorizer/config.ts';
import { createAuthorizerStage } from '../src/authorizer/create-authorizer-stage.ts';
import { createKeyRegistry } from '../src/authorizer/keys/create-key-registry.ts';
import { systemClock } from '../src/core/clock.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';

const dependencies = { clock: systemClock, fetch, logger: createLogger() };
// Keys belong to the process: Kong starts an instance per worker and config, and again after every change.
const keys = createKeyRegistry(dependencies);

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'oidc-authorizer',
  priority: 1050,
  fields: authorizerFields,
  createStage: (config) => createAuthorizerStage(config, { ...dependencies, keys }),
  timeoutMs: (config) => config.timeout_ms + PDK_TIME_MS,
  logger: dependencies.logger,
});
