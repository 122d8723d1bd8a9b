import { readFileSync } from 'node:fs';
import { openAuditLog } from '../src/audit/open-audit-log.ts';
import { systemClock } from '../src/core/clock.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';
import { policyFields } from '../src/policy/config.ts';
import { createPolicyStage } from '../src/policy/create-policy-stage.ts';

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'policy-evaluator',
  priority: 940,
  fields: policyFields,
  createStage: (config) =>
    createPolicyStage(config, {
      clock: systemClock,
      stopwatch: () => performance.now(),
      readFile: (path) => readFileSync(path, 'utf8'),
      record: openAuditLog(config.audit?.file).record,
    }),
  timeoutMs: () => PDK_TIME_MS,
  logger: createLogger(),
});
