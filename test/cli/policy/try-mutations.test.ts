import path from 'node:path';
import { expect, it } from 'vitest';
import { openPolicy } from '../../../src/cli/policy/input/open-policy.ts';
import { mutatePolicy } from '../../../src/cli/policy/test/mutate-policy.ts';
import { tryMutations } from '../../../src/cli/policy/test/try-mutations.ts';
import { runPolicyTests } from '../../../src/policy/run-policy-tests.ts';
import { ROOT } from './support.ts';

const opened = openPolicy(path.join(ROOT, 'policy.yaml'));
const results = runPolicyTests(opened.policy);
const mutations = mutatePolicy(opened);

it('stops where a run would take too long, and says how much it has not tried', () => {
  const trial = tryMutations(opened.policy, results, mutations, 60);
  expect(trial.untried).toBeGreaterThan(0);
  expect(trial.noticed + trial.unnoticed.length + trial.untried).toBe(mutations.length);
});

it('leaves the policy as it was', () => {
  tryMutations(opened.policy, results, mutations);
  expect(runPolicyTests(opened.policy)).toEqual(results);
});

it('does not take a test that fails anyway for one that notices', () => {
  const failed = results.map((result) => ({ ...result, passed: false }));
  expect(tryMutations(opened.policy, failed, mutations).noticed).toBe(0);
});
