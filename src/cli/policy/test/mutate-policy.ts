import { compileExpression, type Expression } from '../../../policy/cel/compile-expression.ts';
import { shiftTimeBounds } from '../../../policy/cel/time-bounds.ts';
import type { Grant, Policy, Rule } from '../../../policy/policy.ts';
import type { PolicyFile } from '../input/open-policy.ts';

/** A small change to a policy, of the kind that a slip of the hand makes. */
export interface Mutation {
  /** Where in the policy: `policy.yaml:12:5`. */
  readonly location: string;
  /** `rule "x" allows instead of denying`. */
  readonly change: string;
  /** The rule it concerns, whose tests are the likeliest to notice. */
  readonly rule: string | null;
  apply(): Policy;
}

/** Lists the changes that the tests of a policy should notice. Rules in shadow decide nothing and are left alone. */
export function mutatePolicy(opened: PolicyFile): Mutation[] {
  return [...ruleMutations(opened), ...timeMutations(opened), ...grantMutations(opened)];
}

function ruleMutations({ policy, document }: PolicyFile): Mutation[] {
  const rules = [...policy.deny, ...policy.allow];
  const order = document.rules.map(({ name }) => name);
  return document.rules.flatMap(({ name, effect }): Mutation[] => {
    const rule = rules.find((candidate) => candidate.name === name);
    if (rule === undefined) return [];
    const { location } = rule;
    const remove = () => ({
      ...policy,
      deny: policy.deny.filter((other) => other !== rule),
      allow: policy.allow.filter((other) => other !== rule),
    });
    const flip = () => {
      const without = remove();
      if (effect === 'allow')
        return { ...without, deny: inserted(without.deny, { ...rule, effect: 'deny' }, order) };
      return { ...without, allow: inserted(without.allow, { ...rule, effect: 'allow' }, order) };
    };
    const turned = effect === 'allow' ? 'denies instead of allowing' : 'allows instead of denying';
    return [
      { location, rule: name, change: `rule "${name}" ${turned}`, apply: flip },
      { location, rule: name, change: `rule "${name}" is missing`, apply: remove },
    ];
  });
}

/** Allow rules are asked in the order of the file. */
function inserted(rules: readonly Rule[], rule: Rule, order: readonly string[]): Rule[] {
  return [...rules, rule].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

function timeMutations({ policy, document, locateIn }: PolicyFile): Mutation[] {
  const roleNames = new Set(policy.roles.keys());
  const calendars = new Set(policy.holidays.keys());
  const mutationsAt = (
    path: readonly PropertyKey[],
    condition: string,
    owner: { name: string; role: boolean },
  ): Mutation[] =>
    shiftTimeBounds(condition).flatMap((shift): Mutation[] => {
      const compiled = compileExpression(
        shift.text,
        () => '',
        owner.role ? null : roleNames,
        calendars,
      );
      if ('problems' in compiled) return [];
      return [
        {
          location: locateIn(path, shift.offset),
          rule: owner.role ? null : owner.name,
          change: `${owner.role ? 'role' : 'rule'} "${owner.name}": ${shift.change}`,
          apply: () => replaceExpression(policy, owner, compiled),
        },
      ];
    });
  return [
    ...Object.entries(document.roles).flatMap(([name, condition]) =>
      mutationsAt(['roles', name], condition, { name, role: true }),
    ),
    ...document.rules.flatMap((rule, index) =>
      rule.shadow
        ? []
        : mutationsAt(['rules', index, 'when'], rule.when, { name: rule.name, role: false }),
    ),
  ];
}

function replaceExpression(
  policy: Policy,
  { name, role }: { name: string; role: boolean },
  when: Expression,
): Policy {
  if (role) return { ...policy, roles: new Map([...policy.roles, [name, when]]) };
  const replace = (rules: readonly Rule[]) =>
    rules.map((rule) => (rule.name === name ? { ...rule, when } : rule));
  return { ...policy, deny: replace(policy.deny), allow: replace(policy.allow) };
}

const HOUR_MS = 3_600_000;

function grantMutations({ policy, at }: PolicyFile): Mutation[] {
  return policy.grants.flatMap((grant, index): Mutation[] => {
    const replaceBy = (changed: readonly Grant[]) => ({
      ...policy,
      grants: policy.grants.flatMap((other) => (other === grant ? changed : [other])),
    });
    const mutation = (field: string, change: string, changed: readonly Grant[]): Mutation => ({
      location: at(field === '' ? ['grants', index] : ['grants', index, field]),
      rule: null,
      change: `grant "${grant.name}" ${change}`,
      apply: () => replaceBy(changed),
    });
    const { not_before, expires } = grant;
    const starts = [HOUR_MS, -HOUR_MS].map((ms) =>
      mutation('not_before', `starts an hour ${ms > 0 ? 'later' : 'earlier'}`, [
        { ...grant, not_before: not_before + ms },
      ]),
    );
    return [
      mutation('', 'is missing', []),
      ...(Number.isFinite(not_before) ? starts : []),
      ...[HOUR_MS, -HOUR_MS].map((ms) =>
        mutation('expires', `expires an hour ${ms > 0 ? 'later' : 'earlier'}`, [
          { ...grant, expires: expires + ms },
        ]),
      ),
    ];
  });
}
