import type { RefusalCode } from '../core/refusal.ts';
import { findPathAmbiguity } from './ambiguous-path.ts';
import { decide } from './decide.ts';
import type { PolicyTest } from './document/schema.ts';
import type { Policy } from './policy.ts';
import { toQuestion } from './test-question.ts';

export interface TestResult {
  name: string;
  /** Where the test stands: `policy.yaml:40:5`. */
  location: string;
  passed: boolean;
  expected: PolicyTest['expect'];
  actual: TestOutcome;
}

export interface TestOutcome {
  decision: 'allow' | 'deny';
  code: RefusalCode | null;
  rule: string | null;
  grant: string | null;
  /** Why the policy could not be evaluated, or what makes the path ambiguous. */
  error: string | null;
}

/** Runs the tests that a policy file holds, through the engine that decides requests. */
export function runPolicyTests(policy: Policy): TestResult[] {
  return policy.tests.map((test) => {
    const { name, location, expect: expected } = test;
    const actual = runTest(policy, test);
    const passed =
      expected.decision === actual.decision &&
      (expected.rule === undefined || expected.rule === actual.rule) &&
      (expected.code === undefined || expected.code === actual.code);
    return { name, location, passed, expected, actual };
  });
}

function runTest(policy: Policy, test: PolicyTest): TestOutcome {
  const ambiguity = findPathAmbiguity(test.given.request.path);
  if (ambiguity !== null) {
    return {
      decision: 'deny',
      code: 'invalid_request',
      rule: null,
      grant: null,
      error: ambiguity,
    };
  }
  const verdict = decide(policy, toQuestion(test));
  return {
    decision: verdict.outcome,
    code: verdict.outcome === 'deny' ? verdict.code : null,
    rule: verdict.rule,
    grant: verdict.grant,
    error: 'error' in verdict ? verdict.error : null,
  };
}
