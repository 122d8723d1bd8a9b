import { cloudRunFields } from '../src/cloud-run/config.ts';
import { createCloudRunStage } from '../src/cloud-run/create-cloud-run-stage.ts';
import { createIdTokenCache } from '../src/cloud-run/id-token-cache.ts';
import { systemClock } from '../src/core/clock.ts';
import { createAccessTokens } from '../src/core/google/access-tokens.ts';
import { hostSharedState } from '../src/core/shared-state-host.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';

const dependencies = { clock: systemClock, logger: createLogger() };
// Tokens belong to the process: Kong starts an instance per worker and config, and again after every change.
const tokens = createIdTokenCache({ ...dependencies, state: hostSharedState(systemClock) });
const accessTokens = createAccessTokens(dependencies);

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'cloud-run-token',
  priority: 760,
  fields: cloudRunFields,
  createStage: (config) => createCloudRunStage(config, { ...dependencies, tokens, accessTokens }),
  worksBesideRequests: true,
  timeoutMs: (config) => config.timeout_ms + PDK_TIME_MS,
  logger: dependencies.logger,
});
