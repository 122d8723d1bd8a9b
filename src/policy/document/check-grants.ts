import { suggest } from '../suggest.ts';
import type { GrantDocument } from './schema.ts';

/** What grants may name. */
export interface Grantable {
  readonly roles: readonly string[];
  readonly rules: readonly { readonly name: string; readonly effect: 'allow' | 'deny' }[];
}

export type Report = (path: readonly PropertyKey[], message: string, hint?: () => string) => void;

/** Checks what the shape of a grant cannot say. */
export function checkGrants(
  grants: readonly GrantDocument[],
  { roles, rules }: Grantable,
  report: Report,
): void {
  const effects = new Map(rules.map(({ name, effect }) => [name, effect]));
  for (const [index, grant] of grants.entries()) {
    const path = ['grants', index];
    const where = `grants[${index}]`;
    const { role, rule, not_before, expires } = grant;
    if ((grant.subject === undefined) === (grant.group === undefined)) {
      report(path, `${where}: exactly one of subject and group is required`);
    }
    if ((role === undefined) === (rule === undefined)) {
      report(path, `${where}: exactly one of role and rule is required`);
    }
    if (role !== undefined && !roles.includes(role)) {
      const hint = () => suggest(role, roles);
      report([...path, 'role'], `${where}.role: there is no role "${role}"`, hint);
    }
    if (rule !== undefined && effects.get(rule) !== 'allow') {
      const hint = () => (effects.has(rule) ? '' : suggest(rule, effects.keys()));
      const problem = effects.has(rule) ? `"${rule}" does not allow` : `there is no rule "${rule}"`;
      report([...path, 'rule'], `${where}.rule: ${problem}`, hint);
    }
    if (not_before !== undefined && not_before >= expires) {
      report([...path, 'expires'], `${where}.expires must be later than not_before`);
    }
  }
}
