import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setUp } from './stage-support.ts';
import { ALICE, allow, deny, policyText, VERDICT } from './support.ts';

const RULES = [
  deny('no-deletes', 'request.method == "DELETE"'),
  deny('broken', 'request.method == "PATCH" && identity.claims.absent'),
  allow('staging', 'labels.env == "staging"'),
];
const CONFIG = { policy: policyText(RULES), labels: { env: 'staging' } };

describe('the policy stage', () => {
  it('leaves an allow for the next stage, and records the same object it logs', async () => {
    const { entries, run } = setUp(CONFIG);
    const outcome = await run();
    const policy_version = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
    expect(outcome).toEqual({
      outcome: 'continue',
      handoff: {
        policy_decision: {
          outcome: 'allow',
          code: null,
          rule: 'staging',
          grant: null,
          policy_version,
        },
      },
      log: {
        time: '2026-11-20T12:00:00.000Z',
        decision: 'allow',
        code: null,
        mode: 'enforce',
        rule: 'staging',
        grant: null,
        policy_version,
        identity: { subject: ALICE.subject, issuer: ALICE.issuer, actor: null, claims: {} },
        token: { jti: 'token-1', fingerprint: '0123456789abcdef' },
        method: 'POST',
        path: '/tasks/7',
        route: 'tasks',
        labels: { env: 'staging' },
        duration_ms: 0,
      },
    });
    expect(entries).toEqual([outcome.log]);
  });

  it('answers 403 policy_denied and leaves nothing else', async () => {
    const { entries, run } = setUp(CONFIG);
    const outcome = await run({ method: 'DELETE' });
    expect(outcome).toEqual({
      outcome: 'refuse',
      refusal: { code: 'policy_denied' },
      log: expect.objectContaining({ decision: 'deny', code: 'policy_denied', rule: 'no-deletes' }),
    });
    expect(entries).toEqual([outcome.log]);
  });

  it('answers 500 policy_error, naming the rule in the record only', async () => {
    const { run } = setUp(CONFIG);
    expect(await run({ method: 'PATCH' })).toEqual({
      outcome: 'refuse',
      refusal: { code: 'policy_error' },
      log: expect.objectContaining({
        decision: 'deny',
        code: 'policy_error',
        rule: 'broken',
        error: expect.stringContaining('guard it with has(identity.claims.absent)'),
      }),
    });
  });

  it.each([
    ['no verdict', {}, { code: 'verdict_missing', detail: expect.any(String) }],
    [
      'an anonymous verdict',
      { authenticated_identity: { outcome: 'anonymous' } },
      { code: 'missing_token', challenge: { realm: 'api' } },
    ],
  ] as const)('refuses %s, and records it', async (_, handoff, refusal) => {
    const { entries, run } = setUp(CONFIG);
    expect(await run({ handoff })).toMatchObject({ outcome: 'refuse', refusal });
    expect(entries).toMatchObject([
      { decision: 'deny', code: refusal.code, rule: null, identity: null, token: null },
    ]);
  });

  it('lets rules decide on nobody where that is configured', async () => {
    const policy = policyText([allow('public', '!identity.authenticated')]);
    const { run } = setUp({ policy, allow_anonymous: true });
    const anonymous = { authenticated_identity: { outcome: 'anonymous' } } as const;
    expect(await run({ handoff: anonymous })).toMatchObject({ outcome: 'continue' });
    expect(await run()).toMatchObject({ refusal: { code: 'policy_denied' } });
  });

  it('refuses where oidc-authorizer has left no verdict, even where nobody may pass', async () => {
    const policy = policyText([allow('public', '!identity.authenticated')]);
    const { run } = setUp({ policy, allow_anonymous: true });
    expect(await run({ handoff: {} })).toMatchObject({ refusal: { code: 'verdict_missing' } });
  });

  it('shows rules the path as the service will decode it', async () => {
    const { run } = setUp({
      policy: policyText([deny('purge', 'request.path.endsWith(":purge")')]),
    });
    const [path, request_uri] = ['/x%3Apurge', '/x%3apurge'];
    expect(await run({ path, request_uri })).toMatchObject({ log: { rule: 'purge' } });
  });

  it('answers 400 to an ambiguous path before any rule runs', async () => {
    const { run } = setUp({ policy: policyText([deny('broken', 'identity.claims.absent')]) });
    expect(await run({ request_uri: '/a/..%2fb' })).toMatchObject({
      refusal: {
        code: 'invalid_request',
        detail: 'Refused because the path contains an encoded slash.',
      },
      log: { code: 'invalid_request', rule: null, error: 'the path contains an encoded slash' },
    });
  });

  it('reads the query from the request target, and answers 400 where it is too long', async () => {
    const { run } = setUp({ policy: policyText([allow('a', '"b c" in request.query["x y"]')]) });
    expect(await run({ request_uri: '/a?x+y=1&x%20y=b+c' })).toMatchObject({ outcome: 'continue' });
    expect(await run({ request_uri: `/a?${'b&'.repeat(257)}` })).toMatchObject({
      refusal: { code: 'invalid_request' },
    });
    const { run: uninterested } = setUp(CONFIG);
    expect(await uninterested({ request_uri: `/a?${'b&'.repeat(257)}` })).toMatchObject({
      outcome: 'continue',
    });
  });

  it('gives rules the attributes they mention', async () => {
    const when =
      'request.host == "h" && request.client_ip == "192.0.2.1" && service == "s.example.com" && route == "route-id" && request.headers["x-a"] == "1"';
    const { run } = setUp({ policy: policyText([allow('a', when)]) });
    const facts = {
      host: 'h',
      client_ip: '192.0.2.1',
      service: { name: null, host: 's.example.com', protocol: 'https' },
      route: { id: 'route-id', name: null },
      headers: { 'x-a': '1' },
    };
    expect(await run(facts)).toMatchObject({
      outcome: 'continue',
      log: { client_ip: '192.0.2.1', route: 'route-id' },
    });
    await expect(async () => run()).rejects.toThrow(/was not fetched/);
  });

  it('refuses, by throwing, when the decision cannot be recorded', async () => {
    const { run } = setUp(CONFIG, {
      record: () => {
        throw new Error('disk full');
      },
    });
    await expect(async () => run()).rejects.toThrow('disk full');
  });

  it('says how long deciding took, to the microsecond', async () => {
    const readings = [10, 10.0427891];
    const { run } = setUp(CONFIG, { stopwatch: () => readings.shift() ?? Number.NaN });
    expect(await run()).toMatchObject({ log: { duration_ms: 0.043 } });
  });

  it('records the trace that the request belongs to', async () => {
    const { run } = setUp(CONFIG);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(await run({ traceparent })).toMatchObject({
      log: { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' },
    });
    expect((await run({ traceparent: 'nonsense' })).log).not.toHaveProperty('trace_id');
  });
});

describe('what the stage needs', () => {
  it('is little where rules read little', () => {
    expect(setUp(CONFIG).stage.needs()).toEqual({
      attributes: ['method', 'path', 'request_uri', 'route', 'traceparent'],
      headers: [],
      handoff: ['authenticated_identity'],
    });
  });

  it('grows with what rules mention', () => {
    const policy = policyText([allow('a', 'request.host == service && "x-a" in request.headers')]);
    expect(setUp({ policy }).stage.needs()).toEqual({
      attributes: ['method', 'path', 'request_uri', 'route', 'traceparent', 'host', 'service'],
      headers: ['x-a'],
      handoff: ['authenticated_identity'],
    });
  });
});

describe('audit entries', () => {
  it('hold the listed claims, by name or by JSON Pointer', async () => {
    const identity = {
      ...ALICE,
      actor: { subject: 'agent', issuer: null, prior: [{ subject: 'first', issuer: null }] },
      claims: { ...ALICE.claims, realm_access: { roles: ['x'] } },
    };
    const { run } = setUp({
      ...CONFIG,
      audit: { fields: ['team', '/realm_access/roles', 'absent', 'subject'] },
    });
    const outcome = await run({ handoff: { authenticated_identity: { ...VERDICT, identity } } });
    expect(outcome.log?.identity).toEqual({
      subject: ALICE.subject,
      issuer: ALICE.issuer,
      actor: { subject: 'agent', issuer: null, prior: [{ subject: 'first', issuer: null }] },
      claims: { team: 'payments', '/realm_access/roles': ['x'] },
    });
  });

  it('never hold an unlisted claim, a header, the query or a group', async () => {
    const { run, entries } = setUp({
      policy: policyText([
        deny('d', 'has(identity.claims.c0) && identity.claims.c0 == request.headers["x-secret"]'),
        deny('e', 'request.method == "PUT" && identity.claims[request.headers["x-secret"]] == 1'),
        allow('a', '"q" in request.query'),
      ]),
      audit: { fields: ['listed'] },
    });
    const secret = fc.stringMatching(/^[a-z]{12}$/).map((text) => `secret-${text}`);
    const property = fc.asyncProperty(
      fc.array(secret, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('GET', 'PUT'),
      fc.constantFrom('?q=', '?r=', '%2f?q='),
      async (secrets, method, suffix) => {
        const hidden = secrets.map((value, index) => [`c${index}`, value]);
        const identity = {
          ...ALICE,
          email: `${secrets[0]}@example.com`,
          groups: secrets,
          scopes: secrets,
          claims: { listed: 'shown', ...Object.fromEntries(hidden), nested: { deep: secrets } },
        };
        const outcome = await run({
          method,
          request_uri: `/tasks/7${suffix}${secrets[0]}`,
          headers: { 'x-secret': secrets.at(-1) ?? '' },
          handoff: { authenticated_identity: { ...VERDICT, identity } },
        });
        const entry = entries.pop();
        expect(entry).toBe(outcome.log);
        expect(entry?.identity?.claims).toEqual({ listed: 'shown' });
        expect(JSON.stringify(outcome)).not.toContain('secret-');
      },
    );
    await fc.assert(property);
  });
});
