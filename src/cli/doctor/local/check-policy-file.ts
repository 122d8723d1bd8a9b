import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../../core/config-error.ts';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import { loadPolicy } from '../../../policy/load-policy.ts';
import { openPolicy } from '../../policy/input/open-policy.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { policyFileHere } from '../policy-file-here.ts';
import { shellWord } from '../shell-word.ts';
import { conclude } from './conclude.ts';

const CHECK = 'policy-file';

/** Do the policies load? One that does not refuses every request. What they mean is for `policy lint`. */
export const checkPolicyFile: Check = async ({ file, routes }) => {
  const found: Finding[] = [];
  const seen = new Set<string>();
  for (const { name: route, evaluator } of routes) {
    const { policy, policy_file } = evaluator?.config ?? {};
    const source = policy_file ?? policy;
    if (evaluator === undefined || source === undefined || isUnknown(source)) continue;
    const key = policy_file === undefined ? evaluator.declared.path : `file ${policy_file}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (policy_file !== undefined) found.push(...lookAtFile(policy_file, file));
    else if (policy !== undefined) {
      const place = `${evaluator.declared.path}.config.policy`;
      found.push(
        ...problemsOf(() => loadPolicy(policy, place), `mend it at ${place} in ${file}`, route),
      );
    }
  }
  return conclude(CHECK, seen.size > 0, found, 'The policies load.');
};

function lookAtFile(named: string, kongYml: string): Finding[] {
  const here = policyFileHere(named, kongYml);
  const found: Finding[] = [];
  if (!path.isAbsolute(named)) {
    found.push({
      check: CHECK,
      severity: 'info',
      message: `policy_file "${named}" is relative: the plugin server looks it up in the directory it is started in.`,
      fix: `policy_file: ${path.resolve(path.dirname(kongYml), named)}`,
    });
  }
  if (!existsSync(here)) {
    const message = `policy_file "${named}" is not on this machine, nor is ${here}: on the gateway every request is refused with 500 if it is not there either.`;
    const fix = `cloud-run-auth policy lint ${shellWord(named)}   # where the plugin server runs`;
    return [...found, { check: CHECK, severity: 'warning', message, fix }];
  }
  if (path.resolve(named) !== path.resolve(here)) {
    const message = `policy_file "${named}" is not on this machine: looked at ${here} instead.`;
    found.push({ check: CHECK, severity: 'info', message });
  }
  return [
    ...found,
    ...problemsOf(() => openPolicy(here), `cloud-run-auth policy lint ${shellWord(here)}`),
  ];
}

function problemsOf(load: () => unknown, fix: string, route?: string): Finding[] {
  try {
    load();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem): Finding => {
      // The lines below the first show the expression.
      const message = `The policy does not load: ${problem.split('\n')[0]}`;
      return {
        check: CHECK,
        severity: 'error',
        ...(route === undefined ? {} : { route }),
        message,
        fix,
      };
    });
  }
}
