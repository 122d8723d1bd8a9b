import { openAuditLog } from '../src/audit/open-audit-log.ts';
import { systemClock } from '../src/core/clock.ts';
import { readRegularFile } from '../src/core/read-regular-file.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';
import { policyFields } from '../src/policy/config.ts';
import { createPolicyLoader } from '../src/policy/create-policy-loader.ts';
import { createPolicyStage } from '../src/policy/create-policy-stage.ts';
import { LIMITS } from '../src/policy/limits.ts';

// Policies belong to the process: Kong starts an instance per worker and config, and again after every change.
const load = createPolicyLoader();

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'policy-evaluator',
  priority: 940,
  fields: policyFields,
  createStage: (config) =>
    createPolicyStage(config, {
      clock: systemClock,
      stopwatch: () => performance.now(),
      readFile: (file) => readRegularFile('config.policy_file', file, LIMITS.file_bytes),
      load,
      record: openAuditLog(config.audit?.file).record,
    }),
  timeoutMs: () => PDK_TIME_MS,
  logger: createLogger(),
});
