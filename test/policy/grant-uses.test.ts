import { describe, expect, it } from 'vitest';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { SharedStateUnavailable } from '../../src/core/shared-state.ts';
import { decideWithUses } from '../../src/policy/decide-with-uses.ts';
import { createGrantUses, type GrantUses } from '../../src/policy/grant-uses.ts';
import type { Grant, Policy } from '../../src/policy/policy.ts';
import { setUp } from './stage-support.ts';
import { allow, deny, NOON, policyOf, policyText, problemsOf, question } from './support.ts';

const GRANT = {
  name: 'INC-4312',
  subject: 'alice@example.com',
  role: 'operator',
  max_uses: 3,
  expires: '2026-11-20T13:00:00Z',
  approved_by: 'bob@example.com',
  reason: 'restore from backup',
};
const roles = { operator: 'false', lead: '"qa-leads" in identity.groups', second: 'false' };
const operate = allow('operate', 'has_role("operator")');

function grantOf(changes: Record<string, unknown> = {}): Grant {
  const policy = policyOf([operate], { roles, grants: [{ ...GRANT, ...changes }] });
  const [grant] = policy.grants;
  if (grant === undefined) throw new Error('no grant');
  return grant;
}

function counted(times: number, take: () => Promise<boolean> | boolean): Promise<boolean[]> {
  return Promise.all(Array.from({ length: times }, async () => await take()));
}

describe('a grant that keeps a deny rule from matching', () => {
  const policy = policyOf(
    [deny('freeze', '!has_role("operator")'), allow('everyone', 'identity.authenticated')],
    { roles, grants: [{ ...GRANT, max_uses: 1 }] },
  );

  it('is what decides, and its uses count', async () => {
    const uses = createGrantUses(createLocalSharedState({ clock: () => NOON }), () => NOON);
    expect(await decideWithUses(policy, question(), uses)).toMatchObject({
      outcome: 'allow',
      rule: 'everyone',
      grant: GRANT.name,
    });
    expect(await decideWithUses(policy, question(), uses)).toMatchObject({
      outcome: 'deny',
      rule: 'freeze',
    });
  });

  it('is not charged where no rule asks for it', async () => {
    const free = policyOf([allow('everyone', 'identity.authenticated')], {
      roles,
      grants: [{ ...GRANT, max_uses: 1 }],
    });
    const uses = createGrantUses(createLocalSharedState({ clock: () => NOON }), () => NOON);
    for (const _ of [1, 2, 3]) {
      expect(await decideWithUses(free, question(), uses)).toMatchObject({
        outcome: 'allow',
        grant: null,
      });
    }
  });
});

describe('the uses of a grant', () => {
  const clock = () => NOON;

  it('are as many as max_uses, for all workers together and at the same time', async () => {
    const state = createLocalSharedState({ clock });
    const workers = [1, 2, 3].map(() => createGrantUses(state, clock));
    const grant = grantOf({ max_uses: 10 });
    const taken = await Promise.all(workers.map((uses) => counted(8, () => uses.take(grant))));
    expect(taken.flat().filter(Boolean)).toHaveLength(10);
  });

  it('go on counting when the policy changes elsewhere or max_uses is raised', async () => {
    const uses = createGrantUses(createLocalSharedState({ clock }), clock);
    expect(await counted(4, () => uses.take(grantOf()))).toEqual([true, true, true, false]);
    expect(await uses.take(grantOf({ reason: 'another', approved_by: 'carol' }))).toBe(false);
    expect(await counted(3, () => uses.take(grantOf({ max_uses: 5 })))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([
    { name: 'INC-1' },
    { subject: 'bob@example.com' },
    { role: 'second' },
    { expires: '2026-11-20T14:00:00Z' },
  ])('are those of this grant and no other: %j', async (change) => {
    const uses = createGrantUses(createLocalSharedState({ clock }), clock);
    await counted(3, () => uses.take(grantOf()));
    expect(await uses.take(grantOf(change))).toBe(true);
  });

  it('do not count for another purpose', async () => {
    const state = createLocalSharedState({ clock });
    const grant = grantOf({ max_uses: 1 });
    expect(await createGrantUses(state, clock, 'grant-shadow').take(grant)).toBe(true);
    expect(await createGrantUses(state, clock).take(grant)).toBe(true);
  });

  it('are none once it has expired', async () => {
    let now = NOON;
    const uses = createGrantUses(createLocalSharedState({ clock: () => now }), () => now);
    expect(await uses.take(grantOf())).toBe(true);
    now = Date.parse(GRANT.expires);
    expect(await uses.take(grantOf())).toBe(false);
  });
});

describe('a decision by a grant that can be used up', () => {
  /** Counts in memory, by name. */
  function counting(): GrantUses & { taken: string[] } {
    const taken: string[] = [];
    return {
      taken,
      take({ name, max_uses }) {
        if (taken.filter((other) => other === name).length >= (max_uses ?? 0)) return false;
        taken.push(name);
        return true;
      },
    };
  }

  const outcomes = async (policy: Policy, uses: GrantUses, times: number) => {
    const found = [];
    for (let time = 0; time < times; time += 1) {
      const verdict = await decideWithUses(policy, question(), uses);
      found.push(`${verdict.outcome} ${verdict.rule} ${verdict.grant}`);
    }
    return found;
  };

  it('takes a use each time, and is as if the grant had expired after the last', async () => {
    const uses = counting();
    const policy = policyOf([operate], { roles, grants: [{ ...GRANT, max_uses: 2 }] });
    expect(await outcomes(policy, uses, 3)).toEqual([
      'allow operate INC-4312',
      'allow operate INC-4312',
      'deny null null',
    ]);
  });

  it('takes none where the rule matches without, or another grant will do', async () => {
    const uses = counting();
    const grants = [GRANT, { ...GRANT, name: 'unlimited', max_uses: undefined, role: 'second' }];
    for (const when of [
      'has_role("operator") || request.method == "GET"',
      'has_role("operator") || has_role("second")',
      'has_role("lead")',
      'has_role("operator") && false || has_role("lead")',
    ]) {
      const policy = policyOf([allow('a', when)], { roles, grants });
      expect((await outcomes(policy, uses, 1))[0], when).toMatch(/^allow a /);
    }
    const twice = [GRANT, { ...GRANT, name: 'unlimited', max_uses: undefined }];
    const policy = policyOf([operate], { roles, grants: twice });
    expect(await outcomes(policy, uses, 1)).toEqual(['allow operate unlimited']);
    expect(uses.taken).toEqual([]);
  });

  it('takes none for a refusal', async () => {
    const uses = counting();
    const rules = [deny('d', 'has_role("operator")'), operate];
    const policy = policyOf(rules, { roles, grants: [GRANT] });
    expect(await outcomes(policy, uses, 1)).toEqual(['deny d INC-4312']);
    expect(uses.taken).toEqual([]);
  });

  it('takes one of each where it rests on two', async () => {
    const uses = counting();
    const policy = policyOf([allow('a', 'has_role("operator") && has_role("second")')], {
      roles,
      grants: [
        { ...GRANT, max_uses: 5 },
        { ...GRANT, name: 'INC-2', role: 'second', max_uses: 1 },
      ],
    });
    expect(await outcomes(policy, uses, 2)).toEqual(['allow a INC-4312', 'deny null null']);
    expect(uses.taken).toEqual(['INC-4312', 'INC-2', 'INC-4312']);
  });

  it('goes on to the next grant when one is used up, and ends where very many are', async () => {
    const uses = counting();
    const grants = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...GRANT, name: `g${index}`, max_uses: 1 }));
    const policy = policyOf([operate], { roles, grants: grants(3) });
    expect(await outcomes(policy, uses, 4)).toEqual([
      'allow operate g0',
      'allow operate g1',
      'allow operate g2',
      'deny null null',
    ]);
    const many = policyOf([operate], { roles, grants: grants(20) });
    expect(await outcomes(many, { take: () => false }, 1)).toEqual(['deny null null']);
  });

  it('is refused with 503 where the uses cannot be counted', async () => {
    const take = async () => {
      throw new SharedStateUnavailable('gone');
    };
    const policy = policyText([operate], { roles, grants: [GRANT] });
    const { run, entries } = setUp({ policy }, { uses: { take } });
    expect(await run()).toMatchObject({
      refusal: { code: 'shared_state_unavailable', retry_after_seconds: 1 },
    });
    expect(entries).toMatchObject([{ decision: 'deny', code: 'shared_state_unavailable' }]);
  });
});

describe('a grant of a rule', () => {
  const restore = allow('restore', 'request.path == "/restore"');
  const grant = { ...GRANT, role: undefined, rule: 'restore', max_uses: undefined };

  it('makes that rule match whatever its condition says', async () => {
    const policy = policyOf([restore], { grants: [grant] });
    const take = () => true;
    expect(await decideWithUses(policy, question(), { take })).toEqual({
      outcome: 'allow',
      rule: 'restore',
      grant: 'INC-4312',
    });
    const later = question({ now: Date.parse(GRANT.expires) });
    expect(await decideWithUses(policy, later, { take })).toMatchObject({ outcome: 'deny' });
    const met = question({ request: { method: 'GET', path: '/restore' } });
    expect(await decideWithUses(policy, met, { take })).toMatchObject({ grant: null });
  });

  it('counts where the condition cannot be evaluated, as that of a role does', async () => {
    const policy = policyOf([allow('restore', 'identity.claims.absent')], { grants: [grant] });
    const verdict = await decideWithUses(policy, question(), { take: () => true });
    expect(verdict).toMatchObject({ outcome: 'allow', grant: 'INC-4312' });
  });

  it('is beaten by a deny, and may be used up', async () => {
    const take = () => false;
    const denied = policyOf([deny('d', 'true'), restore], { grants: [grant] });
    expect(await decideWithUses(denied, question(), { take })).toMatchObject({ rule: 'd' });
    const limited = policyOf([restore], { grants: [{ ...grant, max_uses: 1 }] });
    expect(await decideWithUses(limited, question(), { take })).toMatchObject({ outcome: 'deny' });
  });

  it.each([
    [{ rule: 'restor' }, 'grants[0].rule: there is no rule "restor"; did you mean "restore"?'],
    [{ rule: 'd' }, 'grants[0].rule: "d" does not allow'],
    [{ role: 'operator' }, 'grants[0]: exactly one of role and rule is required'],
    [{ rule: undefined }, 'grants[0]: exactly one of role and rule is required'],
    [{ max_uses: 0 }, 'grants[0].max_uses must be at least 1'],
    [{ max_uses: 1001 }, 'grants[0].max_uses must be at most 1000'],
    [{ max_uses: '3' }, 'grants[0].max_uses must be a number'],
  ])('is checked when the policy loads: %j', (change, problem) => {
    const grants = [{ ...grant, ...change }];
    const rules = [restore, deny('d', 'false')];
    expect(problemsOf(rules, { roles, grants })).toEqual([expect.stringContaining(problem)]);
  });
});
