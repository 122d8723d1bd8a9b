import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { ALICE, allow, deny, NOON, policyOf, question } from './support.ts';

const DENIED = { outcome: 'deny', code: 'policy_denied' };

describe('precedence', () => {
  it('denies when no rule matches, naming none', () => {
    expect(decide(policyOf([]), question())).toEqual({ ...DENIED, rule: null, grant: null });
    expect(decide(policyOf([allow('a', 'false'), deny('b', 'false')]), question())).toEqual({
      ...DENIED,
      rule: null,
      grant: null,
    });
  });

  it('allows by the first allow that matches, in the order of the file', () => {
    const policy = policyOf([allow('a', 'false'), allow('b', 'true'), allow('c', 'true')]);
    expect(decide(policy, question())).toEqual({ outcome: 'allow', rule: 'b', grant: null });
  });

  it('lets a deny beat every allow, wherever it stands', () => {
    const policy = policyOf([allow('a', 'true'), deny('b', 'true'), deny('c', 'true')]);
    expect(decide(policy, question())).toEqual({ ...DENIED, rule: 'b', grant: null });
  });
});

describe('a rule that cannot be evaluated', () => {
  const broken = 'identity.claims.absent == "x"';

  it('refuses as a deny, though an allow matches: a broken deny must not admit', () => {
    const verdict = decide(policyOf([allow('a', 'true'), deny('b', broken)]), question());
    expect(verdict).toMatchObject({ outcome: 'deny', code: 'policy_error', rule: 'b' });
  });

  it('refuses as an allow that comes before the one that matches', () => {
    const verdict = decide(policyOf([allow('a', broken), allow('b', 'true')]), question());
    expect(verdict).toMatchObject({ outcome: 'deny', code: 'policy_error', rule: 'a' });
  });

  it('is not reached behind the rule that decides', () => {
    expect(decide(policyOf([allow('a', 'true'), allow('b', broken)]), question()).outcome).toBe(
      'allow',
    );
    expect(decide(policyOf([deny('a', 'true'), deny('b', broken)]), question())).toMatchObject({
      code: 'policy_denied',
      rule: 'a',
    });
  });

  it('says which rule, where, and that has() guards a missing key', () => {
    const policy = policyOf([deny('strong-login', '!("mfa" in identity.claims.amr)')]);
    expect(decide(policy, question())).toMatchObject({
      error: expect.stringMatching(
        /^rule "strong-login": policy\.yaml:1:\d+: no such key "amr"; guard it with has\(identity\.claims\.amr\)$/,
      ),
    });
  });

  it('refuses where a condition turns out to be no bool', () => {
    const policy = policyOf([allow('a', 'identity.claims.team')]);
    expect(decide(policy, question())).toMatchObject({
      code: 'policy_error',
      error: expect.stringContaining('neither true nor false'),
    });
  });

  it('never quotes the request', () => {
    const identity = { ...ALICE, claims: { secret: 's3cr3t-value', list: ['s3cr3t-value'] } };
    const conditions = [
      'identity.claims[identity.claims.secret] == 1',
      'int(identity.claims.secret) == 1',
      'bool(identity.claims.secret)',
      'duration(identity.claims.secret) == duration("1s")',
      'timestamp(identity.claims.secret) == now',
      'identity.claims.secret + 1 == 2',
      'identity.claims.secret.all(x, x)',
      'identity.claims.list[7] == "x"',
      'identity.claims.secret.foo == "x"',
      'now.within(identity.claims.secret, "UTC")',
      'now.hour(identity.claims.secret) == 1',
      'has_role(identity.claims.secret)',
      'identity.claims.secret ? true : false',
      '"x".substring(int(size(identity.claims.secret)) + 5) == "x"',
      'request.path.matches("(" + identity.claims.secret)',
    ];
    for (const when of conditions) {
      const verdict = decide(policyOf([allow('a', when)]), question({ identity }));
      expect(verdict, when).toMatchObject({ code: 'policy_error' });
      expect(JSON.stringify(verdict), when).not.toContain('s3cr3t');
    }
  });
});

describe('an integer beyond 2^53, which JSON has rounded', () => {
  const claims = JSON.parse('{"n": 9007199254740993, "list": ["contractor", 9007199254740993]}');
  const judge = (when: string) =>
    decide(
      policyOf([deny('d', when), allow('a', 'true')]),
      question({ identity: { ...ALICE, claims } }),
    );

  it.each([
    'identity.claims.n == 9007199254740992',
    'has(identity.claims.n)',
    'identity.claims.n > 1.0',
  ])('refuses the request when a rule asks %s', (when) => {
    expect(judge(when)).toMatchObject({
      code: 'policy_error',
      error: expect.stringContaining('an integer beyond 2^53'),
    });
  });

  it('does not hide its neighbours in a list', () => {
    expect(judge('"contractor" in identity.claims.list')).toMatchObject({
      code: 'policy_denied',
      rule: 'd',
    });
  });
});

describe('a request without identity', () => {
  const nobody = question({ identity: null });
  const matches = (when: string) => decide(policyOf([allow('a', when)]), nobody);

  it.each([
    '"qa-leads" in identity.groups',
    '"tasks:run" in identity.scopes',
    'identity.authenticated',
    'has(identity.subject) || has(identity.issuer) || has(identity.email)',
    'identity.authenticated && identity.subject == "alice@example.com"',
    'identity.actor != null',
    'has(identity.claims.sub)',
    'size(identity.groups) + size(identity.scopes) + size(identity.roles) + size(identity.claims) > 0',
  ])('finds false and no error in %s', (when) => {
    expect(matches(when)).toEqual({ ...DENIED, rule: null, grant: null });
  });

  it('may be allowed by a rule that asks for no identity', () => {
    expect(matches('!identity.authenticated && request.method == "GET"').outcome).toBe('allow');
  });
});

describe('roles', () => {
  const roles = { lead: '"qa-leads" in identity.groups', team: 'identity.claims.squad == "a"' };

  it('are held where their expression is true', () => {
    const policy = policyOf([allow('a', 'has_role("lead")')], { roles });
    expect(decide(policy, question()).outcome).toBe('allow');
    const other = question({ identity: { ...ALICE, groups: ['dev'] } });
    expect(decide(policy, other).outcome).toBe('deny');
  });

  it('are listed in identity.roles', () => {
    const policy = policyOf([allow('a', 'identity.roles == ["lead"]')], {
      roles: { lead: roles.lead, other: 'false' },
    });
    expect(decide(policy, question()).outcome).toBe('allow');
  });

  it('refuse where their expression cannot be evaluated, naming rule and role', () => {
    const policy = policyOf([allow('a', 'has_role("team")')], { roles });
    expect(decide(policy, question())).toMatchObject({
      code: 'policy_error',
      error: expect.stringMatching(
        /^rule "a": policy\.yaml:1:\d+: role "team": no such key "squad"/,
      ),
    });
  });

  it('may be asked for by a name that is worked out, which must exist', () => {
    const policy = policyOf([allow('a', 'has_role(identity.claims.role)')], { roles });
    const holding = (role: string) => question({ identity: { ...ALICE, claims: { role } } });
    expect(decide(policy, holding('lead')).outcome).toBe('allow');
    expect(decide(policy, holding('leed'))).toMatchObject({
      code: 'policy_error',
      error: expect.stringContaining('there is no such role'),
    });
  });

  it('can be asked for inside a comprehension', () => {
    const policy = policyOf([allow('a', '["lead"].all(role, has_role(role))')], { roles });
    expect(decide(policy, question()).outcome).toBe('allow');
  });
});

describe('grants', () => {
  const grant = {
    name: 'INC-4312',
    subject: 'alice@example.com',
    role: 'operator',
    not_before: '2026-11-20T11:00:00Z',
    expires: '2026-11-20T13:00:00Z',
    approved_by: 'bob@example.com',
    reason: 'restore from backup',
  };
  const roles = {
    operator: 'false',
    lead: '"qa-leads" in identity.groups',
    broken: 'identity.claims.no',
  };
  const operate = allow('operate', 'has_role("operator")');
  const granted = { outcome: 'allow', rule: 'operate', grant: 'INC-4312' };
  const refused = { ...DENIED, rule: null, grant: null };

  it.each([
    ['2026-11-20T10:59:59.999Z', refused],
    ['2026-11-20T11:00:00.000Z', granted],
    ['2026-11-20T12:59:59.999Z', granted],
    ['2026-11-20T13:00:00.000Z', refused],
  ])('counts from not_before until just before expires: %s', (now, expected) => {
    const policy = policyOf([operate], { roles, grants: [grant] });
    expect(decide(policy, question({ now: Date.parse(now) }))).toEqual(expected);
  });

  it.each([
    ['subject', { subject: 'alice@example.co' }, refused],
    ['subject in another case', { subject: 'Alice@example.com' }, refused],
    ['group', { subject: undefined, group: 'qa-leads' }, granted],
    ['other group', { subject: undefined, group: 'qa' }, refused],
    ['issuer', { issuer: 'https://id.example.com' }, granted],
    ['other issuer', { issuer: 'https://id.example.com/' }, refused],
    ['no begin', { not_before: undefined }, granted],
  ])('is matched exactly by %s', (_, change, expected) => {
    const policy = policyOf([operate], { roles, grants: [{ ...grant, ...change }] });
    expect(decide(policy, question())).toEqual(expected);
  });

  it('never goes to a request without identity', () => {
    const policy = policyOf([operate], { roles, grants: [grant] });
    expect(decide(policy, question({ identity: null }))).toEqual(refused);
  });

  it('is not named where the rule matches without it', () => {
    const held = { ...grant, role: 'lead' };
    const byRole = policyOf([allow('a', 'has_role("lead")')], { roles, grants: [held] });
    expect(decide(byRole, question())).toMatchObject({ outcome: 'allow', grant: null });
    const byMethod = policyOf([allow('a', 'has_role("operator") || request.method == "GET"')], {
      roles,
      grants: [grant],
    });
    expect(decide(byMethod, question())).toMatchObject({ outcome: 'allow', grant: null });
  });

  it('is named where an earlier rule has asked for the role already', () => {
    const policy = policyOf([allow('first', 'has_role("operator") && false'), operate], {
      roles,
      grants: [grant],
    });
    expect(decide(policy, question())).toEqual(granted);
  });

  it('names the one that made the difference, and of two that stand in for one another the one used', () => {
    const other = { ...grant, name: 'INC-1', role: 'lead', group: 'nobody', subject: undefined };
    const second = { ...grant, name: 'INC-2', role: 'broken' };
    const policy = policyOf(
      [allow('a', '(has_role("broken") && request.method == "POST") || has_role("operator")')],
      { roles, grants: [other, second, grant] },
    );
    expect(decide(policy, question())).toMatchObject({ grant: 'INC-4312' });
    const twice = policyOf([operate], { roles, grants: [{ ...grant, name: 'first' }, grant] });
    expect(decide(twice, question())).toMatchObject({ grant: 'first' });
  });

  it('counts though the expression of its role cannot be evaluated', () => {
    const policy = policyOf([allow('a', 'has_role("broken")')], {
      roles,
      grants: [{ ...grant, role: 'broken' }],
    });
    expect(decide(policy, question())).toMatchObject({ outcome: 'allow', grant: 'INC-4312' });
    const later = question({ now: NOON + 3_600_000 });
    expect(decide(policy, later)).toMatchObject({ code: 'policy_error' });
  });

  it('shows in identity.roles, and can make a deny match', () => {
    const policy = policyOf([deny('d', '"operator" in identity.roles'), allow('a', 'true')], {
      roles: { operator: 'false' },
      grants: [grant],
    });
    expect(decide(policy, question())).toEqual({ ...DENIED, rule: 'd', grant: 'INC-4312' });
  });
});
