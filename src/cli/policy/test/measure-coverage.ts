import type { Policy } from '../../../policy/policy.ts';
import type { TestResult } from '../../../policy/run-policy-tests.ts';

export interface Coverage {
  /** Those that can decide: rules in shadow do not count. */
  readonly rules: number;
  readonly decided: number;
  /** Rounded down, so that 100 means all. */
  readonly percent: number;
  readonly undecided: readonly { readonly rule: string; readonly location: string }[];
}

/** Finds the rules that decide no test. A rule that could not be evaluated has not decided. */
export function measureCoverage(policy: Policy, results: readonly TestResult[]): Coverage {
  const deciding = new Set(
    results.flatMap(({ actual }) => (actual.error !== null ? [] : [actual.rule])),
  );
  const rules = [...policy.deny, ...policy.allow];
  const undecided = rules
    .filter(({ name }) => !deciding.has(name))
    .map(({ name, location }) => ({ rule: name, location }));
  const decided = rules.length - undecided.length;
  const percent = rules.length === 0 ? 100 : Math.floor((decided / rules.length) * 100);
  return { rules: rules.length, decided, percent, undecided };
}
