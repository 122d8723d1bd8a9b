import { describe, expect, it } from 'vitest';
import { decide, type Question } from '../../../src/policy/decide.ts';
import { LIMITS } from '../../../src/policy/limits.ts';
import { ALICE, allow, deny, policyOf, question } from '../support.ts';

const MANY = Array.from({ length: 3000 }, (_, index) => `group-${index}`);
const TEXT = 'x'.repeat(30_000);

function member(claims: Record<string, string | string[]> = {}): Question {
  const identity = { ...ALICE, groups: MANY, claims: { many: MANY, text: TEXT, ...claims } };
  const request = { method: 'GET', path: `/${'a'.repeat(7000)}` };
  return question({ identity, request });
}

/** @returns what became of a decision by a deny rule of this condition and an allow for everybody */
function outcome(when: string, asked = member()): string {
  const verdict = decide(policyOf([deny('a', when), allow('b', 'true')]), asked);
  return 'error' in verdict ? verdict.error : `${verdict.outcome} by ${verdict.rule}`;
}

function nested(body: string): string {
  return `identity.groups.exists(a, identity.groups.exists(b, ${body}))`;
}

/** A short list, thirty million times over. */
const DOUBLED = `[identity.groups]${'.map(a, [a, a])'.repeat(25)}`;

const TOO_MANY = `deciding takes more than ${LIMITS.decision_steps} steps`;

describe('the steps of a decision', () => {
  it.each([
    nested('a + b == "x"'),
    nested('false'),
    nested('identity.claims[b] == 1'),
    nested('identity.claims.text || false'),
    nested('dyn(b)'),
    nested('has_role(b)'),
    nested('now.hour(b) == 1'),
    nested('request.path.lowerAscii().contains(b)'),
    'identity.groups.all(a, identity.groups.all(b, true))',
    'identity.groups.map(a, identity.groups.filter(b, b == a)) == []',
    'identity.groups.exists_one(a, identity.groups.exists_one(b, b == a))',
    'identity.groups.exists(a, request.path.matches("^/(a+)+$" + a))',
    'identity.groups.exists(a, identity.claims.many == identity.groups && a == "")',
    `[identity.groups]${'.map(a, a + a)'.repeat(25)} == [["x"]]`,
    `${DOUBLED} == ${DOUBLED}`,
  ])('are bounded in %s', (when) => {
    const started = performance.now();
    expect(outcome(when)).toContain(TOO_MANY);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('count what a turn of a loop evaluates without an operation', () => {
    const started = performance.now();
    expect(outcome(nested(`${'false||'.repeat(500)}false`))).toContain(TOO_MANY);
    expect(outcome(nested(`size([${'1,'.repeat(250)}1]) == 1`))).toContain(TOO_MANY);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([`${nested('a + b == "x"')} || true`, `!(${nested('a + b == "x"')} && false)`])(
    'are no error that may be absorbed: %s',
    (when) => {
      expect(outcome(when)).toContain(TOO_MANY);
      const verdict = decide(policyOf([allow('a', when)]), member());
      expect(verdict).toMatchObject({ outcome: 'deny', code: 'policy_error' });
    },
  );

  it('are shared by all rules and roles of a decision', () => {
    const share = 'identity.groups.exists(a, identity.claims.many[0] + a == "x")';
    const rules = Array.from({ length: 100 }, (_, index) => deny(`r${index}`, share));
    expect(decide(policyOf(rules.slice(0, 5)), member())).toMatchObject({ code: 'policy_denied' });
    expect(decide(policyOf(rules), member())).toMatchObject({ code: 'policy_error' });

    const roles = { r: nested('a + b == "x"') };
    const grants = [
      {
        name: 'g',
        subject: ALICE.subject,
        role: 'r',
        expires: '2026-11-22T18:00:00Z',
        approved_by: 'bob',
        reason: 'x',
      },
    ];
    const verdict = decide(policyOf([allow('a', 'has_role("r")')], { roles, grants }), member());
    expect(verdict).toMatchObject({ code: 'policy_error' });
  });

  it('are counted anew for each decision', () => {
    const policy = policyOf([allow('a', 'identity.groups.all(a, a.startsWith("group-"))')]);
    for (let turn = 0; turn < 200; turn += 1) {
      expect(decide(policy, member())).toMatchObject({ outcome: 'allow' });
    }
  });

  it('suffice for a thousand rules over two hundred groups', () => {
    const asked = question({ identity: { ...ALICE, groups: MANY.slice(0, 200) } });
    const rules = Array.from({ length: 999 }, (_, index) =>
      deny(
        `r${index}`,
        `"team-${index}" in identity.groups && request.path.matches("^/tasks/[0-9]+$")`,
      ),
    );
    const last = allow('last', 'identity.groups.exists(g, g == "group-199")');
    expect(decide(policyOf([...rules, last]), asked)).toMatchObject({ outcome: 'allow' });
  });
});

describe('the texts that a condition makes', () => {
  it.each([
    'identity.groups.map(a, identity.claims.text).join("") == ""',
    'identity.groups.map(a, a).join(identity.claims.text) == ""',
    'dyn(identity.groups.map(a, identity.claims.text)).join() == ""',
    `[identity.claims.text]${'.map(a, a + a)'.repeat(25)} == ["x"]`,
  ])('are bounded in %s', (when) => {
    expect(outcome(when)).toContain(`a text has at most ${LIMITS.text_characters} characters`);
  });

  it('are bounded together', () => {
    const inner = 'identity.groups.map(b, a + b).join("")';
    expect(outcome(`identity.groups.map(a, ${inner}).join("") == "x"`)).toContain(TOO_MANY);
  });

  it('may be short', () => {
    expect(outcome('["a", "b"].join() + ["c", "d"].join("-") == "abc-d"')).toBe('deny by a');
    expect(outcome('identity.groups.join(",").startsWith("group-0,group-1,")')).toBe('deny by a');
    expect(outcome('[dyn("a"), dyn(1)].join() == ""')).toContain('join takes a list of strings');
  });
});
