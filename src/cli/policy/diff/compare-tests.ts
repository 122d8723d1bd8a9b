import type { PolicyTest } from '../../../policy/document/schema.ts';
import type { Policy } from '../../../policy/policy.ts';
import { runPolicyTests } from '../../../policy/run-policy-tests.ts';
import type { Changes } from './changes.ts';
import type { Outcome } from './judge-record.ts';

/**
 * Asks both policies what the tests of either ask.
 *
 * @param now for tests that do not say a time
 * @returns how many different requests that is
 */
export function compareTests(before: Policy, after: Policy, now: number, changes: Changes): number {
  const asked = new Map<string, PolicyTest & { location: string }>();
  for (const test of [...before.tests, ...after.tests]) {
    const given = { ...test.given, now: test.given.now ?? now };
    const key = JSON.stringify(given);
    if (!asked.has(key)) asked.set(key, { ...test, given });
  }
  const tests = [...asked.values()];
  const [old, renewed] = [outcomes(before, tests), outcomes(after, tests)];
  for (const [index, { name, given }] of tests.entries()) {
    const [was, is] = [old[index], renewed[index]];
    if (was === undefined || is === undefined) continue;
    const { method, path } = given.request;
    changes.add({
      source: `test "${name}"`,
      subject: typeof given.identity?.sub === 'string' ? given.identity.sub : null,
      method,
      path,
      route: given.route,
      before: was,
      after: is,
    });
  }
  return tests.length;
}

function outcomes(policy: Policy, tests: Policy['tests']): Outcome[] {
  return runPolicyTests({ ...policy, tests }).map(({ actual: { decision, code, rule } }) => ({
    decision,
    code,
    rule,
  }));
}
