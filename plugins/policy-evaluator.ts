import { openAuditLog } from '../src/audit/open-audit-log.ts';
import { systemClock } from '../src/core/clock.ts';
import { hostSharedState } from '../src/core/shared-state-host.ts';
import { definePlugin, PDK_TIME_MS } from '../src/kong/define-plugin.ts';
import { createLogger } from '../src/kong/logger.ts';
import { policyFields } from '../src/policy/config.ts';
import { createContextRegistry } from '../src/policy/context/create-context-registry.ts';
import { createPolicyContext } from '../src/policy/context/create-policy-context.ts';
import { createPolicyLoader } from '../src/policy/create-policy-loader.ts';
import { createPolicyStage } from '../src/policy/create-policy-stage.ts';
import { createGrantUses } from '../src/policy/grant-uses.ts';
import { createPolicySources } from '../src/policy/source/create-policy-sources.ts';

const logger = createLogger();
// Policies and what they are told belong to the process: Kong starts an instance per worker and config, and again after
// every change.
const sources = createPolicySources({
  clock: systemClock,
  logger,
  fetch,
  load: createPolicyLoader(),
});
const contexts = createContextRegistry({ clock: systemClock, logger });
const state = hostSharedState(systemClock);
const uses = {
  enforce: createGrantUses(state, systemClock),
  // Watching a policy uses up none of the grants that it shares with routes where it counts.
  shadow: createGrantUses(state, systemClock, 'grant-shadow'),
};

/** A policy of a URL, and signed grants, are there a while after the first request at the earliest. */
const SOURCE_TIME_MS = 6_000;

export const { Plugin, Name, Version, Priority, Schema } = definePlugin({
  name: 'policy-evaluator',
  priority: 940,
  fields: policyFields,
  createStage(config) {
    const { current, ready } = sources.open(config);
    return createPolicyStage(config, {
      clock: systemClock,
      stopwatch: () => performance.now(),
      policy: current,
      ready,
      context: config.context && createPolicyContext(config.context, contexts),
      uses: uses[config.mode],
      record: openAuditLog(config.audit?.file).record,
    });
  },
  timeoutMs: ({ context }) => PDK_TIME_MS + SOURCE_TIME_MS + (context?.timeout_ms ?? 0),
  logger,
});
