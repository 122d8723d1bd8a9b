import type { Expression } from '../cel/compile-expression.ts';
import { LIMITS } from '../limits.ts';
import { suggest } from '../suggest.ts';
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
  const report = (path: readonly PropertyKey[], message: string, hint?: () => string) => {
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
  for (const [index, grant] of document.grants.entries()) {
    const path = ['grants', index];
    const where = `grants[${index}]`;
    if ((grant.subject === undefined) === (grant.group === undefined)) {
      report(path, `${where}: exactly one of subject and group is required`);
    }
    if (!roles.includes(grant.role)) {
      const hint = () => suggest(grant.role, roles);
      report([...path, 'role'], `${where}.role: there is no role "${grant.role}"`, hint);
    }
    if (grant.not_before !== undefined && grant.not_before >= grant.expires) {
      report([...path, 'expires'], `${where}.expires must be later than not_before`);
    }
  }
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
