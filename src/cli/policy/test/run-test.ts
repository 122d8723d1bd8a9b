import { ConfigError } from '../../../core/config-error.ts';
import { runPolicyTests, type TestResult } from '../../../policy/run-policy-tests.ts';
import { describeExpectation, describeOutcome } from '../describe-outcome.ts';
import { openPolicy } from '../input/open-policy.ts';
import { fail, print, printJson } from '../output/print.ts';
import { count } from '../output/table.ts';
import { type Coverage, measureCoverage } from './measure-coverage.ts';
import { type Mutation, mutatePolicy } from './mutate-policy.ts';
import { type Trial, tryMutations } from './try-mutations.ts';

interface FileReport {
  readonly file: string;
  /** Of a file that does not load; the rest is null then. */
  readonly problems: readonly string[];
  readonly results: readonly TestResult[];
  readonly coverage: Coverage | null;
  readonly mutations: Trial | null;
}

export interface TestFlags {
  readonly minCoverage?: number;
  readonly mutations: 'off' | 'report' | 'require';
  readonly json?: boolean;
}

export function test(files: readonly string[], flags: TestFlags): void {
  const reports = files.map((file) => examine(file, flags));
  if (flags.json) printJson({ files: reports.map((report) => toJson(report, flags)) });
  else for (const report of reports) printReport(report, flags);
  if (reports.some((report) => shortcomings(report, flags).length > 0)) fail();
}

function examine(file: string, { mutations }: TestFlags): FileReport {
  try {
    const opened = openPolicy(file);
    const { policy } = opened;
    const results = runPolicyTests(policy);
    const coverage = measureCoverage(policy, results);
    const trial = mutations === 'off' ? null : tryMutations(policy, results, mutatePolicy(opened));
    return { file, problems: [], results, coverage, mutations: trial };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { file, problems: error.problems, results: [], coverage: null, mutations: null };
  }
}

/** Why the exit code is 1, where it is. */
function shortcomings(report: FileReport, flags: TestFlags): string[] {
  const { problems, results, coverage, mutations } = report;
  if (problems.length > 0) return ['it does not load'];
  const failures = results.filter(({ passed }) => !passed).length;
  const least = flags.minCoverage ?? 0;
  const missed = mutations === null ? 0 : mutations.unnoticed.length + mutations.untried;
  return [
    ...(failures > 0 ? [`${count(failures, 'test')} failed`] : []),
    ...(coverage !== null && coverage.percent < least
      ? [`${coverage.percent} % of the rules decide a test; at least ${least} % are to`]
      : []),
    ...(flags.mutations === 'require' && missed > 0
      ? [`${count(missed, 'change')} would go unnoticed`]
      : []),
  ];
}

function printReport(report: FileReport, flags: TestFlags): void {
  const { file, problems, results, coverage, mutations } = report;
  for (const problem of problems) print(problem);
  if (coverage === null) return;
  for (const { name, location, expected, actual } of results.filter(({ passed }) => !passed)) {
    print(`${location}: test "${name}" failed`);
    print(`    expected  ${describeExpectation(expected)}`);
    print(`    decided   ${describeOutcome(actual)}`);
  }
  for (const { rule, location } of coverage.undecided) {
    print(`${location}: rule "${rule}" decides no test`);
  }
  for (const { location, change } of mutations?.unnoticed ?? []) {
    print(`${location}: no test notices when ${change}`);
  }
  print(`${file}: ${summarize(results, coverage, mutations).join('; ')}`);
  for (const shortcoming of shortcomings(report, flags)) print(`${file}: FAILED: ${shortcoming}`);
}

function summarize(
  results: readonly TestResult[],
  { decided, rules, percent }: Coverage,
  mutations: Trial | null,
): string[] {
  const passed = results.filter((result) => result.passed).length;
  const parts = [
    `${passed} of ${count(results.length, 'test')} passed`,
    `${decided} of ${count(rules, 'rule')} tested (${percent} %)`,
  ];
  if (mutations === null) return parts;
  const { noticed, unnoticed, untried } = mutations;
  parts.push(`${noticed} of ${count(noticed + unnoticed.length, 'change')} noticed`);
  if (untried > 0) parts.push(`${untried} not tried, to stay within a minute or so`);
  return parts;
}

function toJson(report: FileReport, flags: TestFlags): object {
  const { file, problems, results, coverage, mutations } = report;
  const failures = results.filter(({ passed }) => !passed);
  return {
    file,
    ok: shortcomings(report, flags).length === 0,
    problems,
    tests: {
      passed: results.length - failures.length,
      failed: failures.length,
      failures: failures.map(({ name, location, expected, actual }) => ({
        name,
        location,
        expected,
        actual,
      })),
    },
    coverage,
    mutations:
      mutations === null ? null : { ...mutations, unnoticed: mutations.unnoticed.map(told) },
  };
}

function told({ location, change }: Mutation): { location: string; change: string } {
  return { location, change };
}
