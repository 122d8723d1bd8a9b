import { ConfigError } from '../../../core/config-error.ts';
import { openPolicy } from '../input/open-policy.ts';
import { fail, print, printJson } from '../output/print.ts';
import { count } from '../output/table.ts';
import { findWarnings } from './find-warnings.ts';
import { type Finding, findingOf, renderFinding, type Severity } from './finding.ts';

export interface LintFlags {
  readonly now?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
}

export function lint(files: readonly string[], flags: LintFlags): void {
  const now = flags.now ?? Date.now();
  const results = files.map((file) => ({ file, findings: lintFile(file, now) }));
  const findings = results.flatMap(({ findings }) => findings);
  const number = (wanted: Severity) =>
    findings.filter(({ severity }) => severity === wanted).length;
  const [errors, warnings] = [number('error'), number('warning')];
  if (flags.json) {
    printJson({ files: results, errors, warnings });
  } else {
    for (const finding of findings) print(renderFinding(finding));
    const loaded = `${count(files.length, 'file')}: `;
    print(`${loaded}${count(errors, 'error')}, ${count(warnings, 'warning')}`);
  }
  if (errors > 0 || (flags.strict && warnings > 0)) fail();
}

function lintFile(file: string, now: number): Finding[] {
  try {
    return findWarnings(openPolicy(file), now);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => findingOf(file, problem));
  }
}
