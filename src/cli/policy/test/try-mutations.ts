import type { Policy } from '../../../policy/policy.ts';
import { runPolicyTests, type TestResult } from '../../../policy/run-policy-tests.ts';
import type { Mutation } from './mutate-policy.ts';

export interface Trial {
  readonly noticed: number;
  /** Those under which all tests pass still. */
  readonly unnoticed: readonly Mutation[];
  /** Beyond what a run may take. */
  readonly untried: number;
}

/** Rules asked in all. A thousand of them with a thousand tests would take hours. */
const MOST_EVALUATIONS = 100_000_000;

/**
 * Runs the tests against each change.
 *
 * @param results of the unchanged policy; only tests that pass there can notice anything
 */
export function tryMutations(
  policy: Policy,
  results: readonly TestResult[],
  mutations: readonly Mutation[],
  mostEvaluations = MOST_EVALUATIONS,
): Trial {
  const passing = policy.tests.filter((_, index) => results[index]?.passed);
  const ruleOf = new Map(results.map(({ name, actual }) => [name, actual.rule]));
  const unnoticed: Mutation[] = [];
  const rules = policy.deny.length + policy.allow.length;
  let evaluations = 0;
  let tried = 0;
  for (const mutation of mutations) {
    if (evaluations >= mostEvaluations) break;
    tried += 1;
    const mutant = mutation.apply();
    const concerned = passing.filter(({ name }) => ruleOf.get(name) === mutation.rule);
    const others = passing.filter(({ name }) => ruleOf.get(name) !== mutation.rule);
    const isNoticed = [...concerned, ...others].some((test) => {
      evaluations += rules;
      return runPolicyTests({ ...mutant, tests: [test] }).some(({ passed }) => !passed);
    });
    if (!isNoticed) unnoticed.push(mutation);
  }
  const noticed = tried - unnoticed.length;
  return { noticed, unnoticed, untried: mutations.length - tried };
}
