import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { ANONYMOUS, setUp } from './stage-support.ts';
import { allow, deny, policyOf, policyText, question } from './support.ts';

const shadow = { shadow: true };
const RUN_AS = 'reader@project.iam.gserviceaccount.com';
const BROKEN = 'identity.claims.absent == "x"';

describe('a shadow rule', () => {
  it('is told where it matches, and decides nothing', () => {
    const policy = policyOf([
      { ...deny('new-deny', 'true'), ...shadow },
      { ...allow('new-allow', 'request.method == "GET"'), ...shadow },
      { ...deny('elsewhere', 'false'), ...shadow },
      allow('a', 'labels.env == "staging"'),
    ]);
    expect(decide(policy, question())).toEqual({
      outcome: 'allow',
      rule: 'a',
      grant: null,
      shadow: [
        { rule: 'new-deny', effect: 'deny' },
        { rule: 'new-allow', effect: 'allow' },
      ],
    });
    const elsewhere = question({ labels: new Map([['env', 'test']]) });
    expect(decide(policy, elsewhere)).toMatchObject({ outcome: 'deny', rule: null });
  });

  it('does not refuse where it cannot be evaluated', () => {
    const policy = policyOf([{ ...deny('new', BROKEN), ...shadow }, allow('a', 'true')]);
    expect(decide(policy, question())).toEqual({
      outcome: 'allow',
      rule: 'a',
      grant: null,
      shadow: [
        {
          rule: 'new',
          effect: 'deny',
          error: expect.stringMatching(/^policy\.yaml:1:\d+: no such key "absent"/),
        },
      ],
    });
  });

  it('is told of a refusal too', () => {
    const policy = policyOf([deny('d', 'true'), { ...allow('new', 'true'), ...shadow }]);
    expect(decide(policy, question())).toMatchObject({
      rule: 'd',
      shadow: [{ rule: 'new', effect: 'allow' }],
    });
  });

  it('has steps of its own, which the others do not feel', () => {
    const long = 'identity.groups.all(a, identity.groups.all(b, a + b != "x"))';
    const groups = Array.from({ length: 1_000 }, (_, index) => `group-${index}`);
    const { identity } = question();
    const asked = question({ identity: identity && { ...identity, groups } });
    const policy = policyOf([{ ...deny('new', long), ...shadow }, allow('a', 'true')]);
    expect(decide(policy, asked)).toMatchObject({
      outcome: 'allow',
      shadow: [{ error: expect.stringContaining('more than 1000000 steps') }],
    });
  });

  it('sets no header and no service account', async () => {
    const effects = { headers: { 'X-Access': 'read' }, run_as: 'r@p.iam.gserviceaccount.com' };
    const { run } = setUp({
      policy: policyText([{ ...allow('new', 'true'), ...effects, ...shadow }, allow('a', 'true')]),
    });
    const outcome = await run({ headers: { 'x-access': 'forged' } });
    expect(outcome).toMatchObject({
      outcome: 'continue',
      remove_headers: ['x-access', 'x_access'],
      log: { rule: 'a', shadow: [{ rule: 'new', effect: 'allow' }] },
    });
    expect(outcome).not.toHaveProperty('set_headers');
    expect(outcome).not.toHaveProperty('handoff.policy_decision.run_as');
  });

  it('is recorded, 32 of them at most', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      ...allow(`new-${index}`, 'true'),
      ...shadow,
    }));
    const { run, entries } = setUp({ policy: policyText([...many, allow('a', 'true')]) });
    await run();
    expect(entries[0]?.shadow).toHaveLength(32);
  });
});

describe('shadow mode', () => {
  const RULES = [
    deny('no-posts', 'request.method == "POST"'),
    deny('broken', `request.method == "PATCH" && ${BROKEN}`),
    { ...allow('reads', 'true'), headers: { 'X-Access': 'read' }, run_as: RUN_AS },
  ];
  const CONFIG = { policy: policyText(RULES), mode: 'shadow' };

  it.each([
    ['a denial', { method: 'POST' }, { code: 'policy_denied', rule: 'no-posts' }],
    ['a broken rule', { method: 'PATCH' }, { code: 'policy_error', rule: 'broken' }],
    ['an ambiguous path', { request_uri: '/a/..%2fb' }, { code: 'invalid_request', rule: null }],
  ])('lets %s go on, and records what would have been', async (_, facts, expected) => {
    const { run, entries } = setUp(CONFIG);
    const outcome = await run(facts);
    expect(outcome).toMatchObject({
      outcome: 'continue',
      handoff: {
        policy_decision: { outcome: 'allow', code: null, rule: null, grant: null, mode: 'shadow' },
      },
    });
    expect(entries).toMatchObject([{ decision: 'deny', mode: 'shadow', ...expected }]);
    expect(outcome.log).toBe(entries[0]);
  });

  it('has no effect where it would allow either, but lets no client set what rules set', async () => {
    const { run } = setUp(CONFIG);
    const outcome = await run({ method: 'GET', headers: { 'x-access': 'write' } });
    expect(outcome).toMatchObject({
      outcome: 'continue',
      remove_headers: ['x-access', 'x_access'],
      log: { decision: 'allow', rule: 'reads', run_as: RUN_AS },
    });
    expect(outcome).not.toHaveProperty('set_headers');
    expect(outcome).not.toHaveProperty('handoff.policy_decision.run_as');
  });

  it('still refuses where oidc-authorizer left no verdict, or nobody where nobody may come', async () => {
    const { run } = setUp(CONFIG);
    expect(await run({ handoff: {} })).toMatchObject({ refusal: { code: 'verdict_missing' } });
    expect(await run(ANONYMOUS)).toMatchObject({ refusal: { code: 'missing_token' } });
  });

  it('lets nobody in whom the policy would not, as the gateway would vouch for the request', async () => {
    const watching = (rule: ReturnType<typeof deny>) =>
      setUp({ mode: 'shadow', allow_anonymous: true, policy: policyText([rule]) }).run(ANONYMOUS);
    expect(await watching(deny('d', 'true'))).toMatchObject({
      refusal: { code: 'missing_token' },
      log: { decision: 'deny', rule: 'd' },
    });
    expect(await watching(allow('a', 'true'))).toMatchObject({ outcome: 'continue' });
  });

  it('still refuses what cannot be recorded', async () => {
    const { run } = setUp(CONFIG, {
      record: () => {
        throw new Error('disk full');
      },
    });
    await expect(async () => run()).rejects.toThrow('disk full');
  });
});
