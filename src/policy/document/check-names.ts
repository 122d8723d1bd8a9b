import type { Expression } from '../cel/compile-expression.ts';
import { LIMITS } from '../limits.ts';
import { suggest } from '../suggest.ts';
import { checkGrants, type Report } from './check-grants.ts';
import { checkRules } from './check-rules.ts';
import { type ParsedYaml, start } from './parse-yaml.ts';
import type { PolicyDocument } from './schema.ts';
import { ENOUGH_PROBLEMS, type Problem } from './source.ts';

/** Checks what depends on several fields: names that must be unique or exist, and what a test must say. */
export function checkNames(
  document: PolicyDocument,
  yaml: ParsedYaml,
  expressions: readonly Expression[],
): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, hint) => {
    if (problems.length >= ENOUGH_PROBLEMS) return;
    const node = yaml.nodeAt(path);
    problems.push({ offset: node === undefined ? 0 : start(node), message, hint });
  };
  const roles = Object.keys(document.roles);
  if (roles.length > LIMITS.roles) report(['roles'], `a policy has at most ${LIMITS.roles} roles`);
  for (const section of ['rules', 'grants', 'tests'] as const) {
    const seen = new Set<string>();
    for (const [index, { name }] of document[section].entries()) {
      if (seen.has(name)) {
        report([section, index, 'name'], `${section}[${index}]: duplicate name "${name}"`);
      }
      seen.add(name);
    }
  }
  const calendars = Object.keys(document.holidays).length;
  if (calendars > LIMITS.calendars) {
    report(['holidays'], `a policy has at most ${LIMITS.calendars} calendars`);
  }
  checkRules(document.rules, report);
  checkGrants(document.grants, { roles, rules: document.rules }, report);
  const ruleNames = document.rules.map(({ name }) => name);
  const needsTime = document.grants.length > 0 || expressions.some(({ mentions }) => mentions.now);
  for (const [index, test] of document.tests.entries()) {
    const where = `tests[${index}]`;
    const { rule, decision, code } = test.expect;
    if (typeof rule === 'string' && !ruleNames.includes(rule)) {
      const hint = () => suggest(rule, ruleNames);
      report(['tests', index, 'expect', 'rule'], `${where}: there is no rule "${rule}"`, hint);
    }
    if (decision === 'allow' && code !== undefined) {
      report(['tests', index, 'expect', 'code'], `${where}: an allow has no code`);
    }
    if (needsTime && test.given.now === undefined) {
      report(
        ['tests', index],
        `${where}: given.now is required, because the policy depends on time`,
      );
    }
    if (test.given.identity !== null && typeof test.given.identity.sub !== 'string') {
      report(
        ['tests', index, 'given', 'identity'],
        `${where}: given.identity needs a "sub"; it holds the claims of a token`,
      );
    }
  }
  return problems;
}
