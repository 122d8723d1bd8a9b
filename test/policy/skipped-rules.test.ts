import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Expression } from '../../src/policy/cel/compile-expression.ts';
import { decide } from '../../src/policy/decide.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy, Rule } from '../../src/policy/policy.ts';
import { compile, condition, situation } from './cel/conditions.ts';

const ROLES = {
  held: 'route != "unknown"',
  lacked: '"nobody" in identity.groups',
  unclear: 'identity.groups.exists(a, a == "a")',
  broken: 'labels.a == "a"',
};

const LASTING = { expires: '2030-01-01T00:00:00Z', approved_by: 'carol', reason: 'a test' };

function withoutForesight({ mentions, evaluate }: Expression): Expression {
  return { mentions, evaluate };
}

/** The same policy, each rule of which has to be evaluated. */
function thorough(policy: Policy): Policy {
  const plain = (rules: readonly Rule[]) =>
    rules.map((rule) => ({ ...rule, when: withoutForesight(rule.when) }));
  return {
    ...policy,
    roles: new Map([...policy.roles].map(([name, when]) => [name, withoutForesight(when)])),
    deny: plain(policy.deny),
    allow: plain(policy.allow),
    shadow: plain(policy.shadow),
  };
}

const rule = fc.record({
  effect: fc.constantFrom('allow', 'allow', 'deny'),
  when: condition.filter((text) => compile(text) !== null),
  shadow: fc.constantFrom(false, false, false, true),
});

const grant = fc.record({
  subject: fc.constantFrom('a', 'b', ''),
  to: fc.constantFrom({ role: 'lacked' }, { role: 'broken' }, { role: 'held' }, { rule: 'rule-0' }),
});

it('a decision is the same as if each rule were evaluated', () => {
  const property = fc.property(
    fc.array(rule, { minLength: 1, maxLength: 6 }),
    fc.array(grant, { maxLength: 2 }),
    fc.array(situation, { minLength: 1, maxLength: 3 }),
    (rules, grants, situations) => {
      const granted = grants.filter(
        ({ subject, to }) =>
          subject !== '' &&
          ('role' in to || (rules[0]?.effect === 'allow' && rules[0].shadow === false)),
      );
      const document = {
        version: 1,
        holidays: { tokyo: ['2026-11-20', '2026-11-23'], none: [] },
        roles: ROLES,
        rules: rules.map(({ effect, when, shadow }, index) => ({
          name: `rule-${index}`,
          effect,
          when,
          ...(shadow ? { shadow } : {}),
        })),
        grants: granted.map(({ subject, to }, index) => ({
          name: `grant-${index}`,
          subject,
          ...to,
          ...LASTING,
        })),
      };
      const policy = loadPolicy(JSON.stringify(document), 'policy.yaml');
      for (const { labels, ...given } of situations) {
        const question = { ...given, labels: new Map(Object.entries(labels)) };
        expect(decide(policy, question)).toEqual(decide(thorough(policy), question));
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});
