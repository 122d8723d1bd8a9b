import type { AuditEntry } from '../../src/core/audit-entry.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { RequestFacts } from '../../src/core/request.ts';
import { policyFields } from '../../src/policy/config.ts';
import {
  createPolicyStage,
  type PolicyStageDependencies,
} from '../../src/policy/create-policy-stage.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { NOON, VERDICT } from './support.ts';

export const FACTS: RequestFacts = {
  method: 'POST',
  path: '/tasks/7',
  request_uri: '/tasks/7?secret=1',
  route: { id: 'route-id', name: 'tasks' },
  headers: {},
  handoff: { authenticated_identity: VERDICT },
};

export const ANONYMOUS: RequestFacts = {
  handoff: { authenticated_identity: { outcome: 'anonymous' } },
};

/** A stage of a config whose policy is written inline, and what it records. */
export function setUp(
  raw: Record<string, unknown>,
  dependencies: Partial<PolicyStageDependencies> = {},
) {
  const entries: AuditEntry[] = [];
  const config = parseConfig(policyFields, raw);
  const policy = loadPolicy(config.policy ?? '', 'policy');
  const stage = createPolicyStage(config, {
    clock: () => NOON,
    stopwatch: () => 0,
    policy: () => policy,
    uses: { take: () => true },
    record: (entry) => void entries.push(entry),
    ...dependencies,
  });
  const run = (changes: RequestFacts = {}) => stage.run({ ...FACTS, ...changes });
  return { stage, entries, run };
}
