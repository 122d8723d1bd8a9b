import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/policy/load-policy.ts';
import { policy, ROOT, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const DEMO = path.join(ROOT, 'policy.yaml');

const BEFORE = `version: 1
roles:
  writer: '"writers" in identity.groups'
rules:
  - { name: agents-read-only, effect: deny, when: 'identity.actor != null && request.method != "GET"' }
  - { name: reads, effect: allow, when: 'request.method == "GET"' }
  - { name: writes, effect: allow, when: 'has_role("writer") && request.path.startsWith("/tasks/")' }
`;
const AFTER = BEFORE.replace('"writers" in', '"editors" in')
  .replace('name: reads,', 'name: readers,')
  .replace('request.method != "GET"\'', 'request.method == "DELETE"\'');

const before = folder.write('before.yaml', BEFORE);
const after = folder.write('after.yaml', AFTER);

interface Changed {
  subject?: string;
  actor?: { subject: string; issuer: string | null } | null;
  claims?: Record<string, unknown>;
}

let sequence = 0;

/** A record as the audit log writes it. */
function record({ subject = 'alice', actor = null, claims = {} }: Changed, more: object = {}) {
  sequence += 1;
  return JSON.stringify({
    type: 'authz',
    sequence,
    time: '2026-11-20T12:00:00.000Z',
    decision: 'allow',
    code: null,
    mode: 'enforce',
    rule: 'writes',
    grant: null,
    policy_version: 'sha256:0',
    identity: { subject, issuer: 'https://id.example.com', actor, claims },
    token: { jti: null, fingerprint: '0123456789abcdef' },
    method: 'POST',
    path: '/tasks/7',
    route: 'tasks',
    labels: {},
    duration_ms: 0.1,
    ...more,
  });
}

function log(...lines: string[]): string {
  return folder.write('audit.log', `${lines.join('\n')}\n`);
}

describe('policy diff', () => {
  it('finds nothing between a policy and itself', async () => {
    const { code, out } = await policy('diff', DEMO, DEMO, '--exit-code');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'nothing changed\n\nasked: 7 requests of the tests\n',
    });
  });

  it('asks both about the tests of both, and shows who gains first', async () => {
    const tests = (name: string, method: string, sub: string, groups: string) =>
      `tests:\n  - { name: ${name}, given: { identity: { sub: ${sub}, groups: [${groups}] }, request: { method: ${method}, path: /tasks/7 } }, expect: deny }\n`;
    const one = folder.write('one.yaml', BEFORE + tests('writer', 'POST', 'wendy', 'writers'));
    const two = folder.write(
      'two.yaml',
      `${AFTER}${tests('editor', 'POST', 'eddy', 'editors')}  - { name: reader, given: { request: { path: /tasks/7 } }, expect: allow }\n`,
    );
    const { code, out } = await policy('diff', one, two);
    expect(out).toBe(`deny -> allow: 1
  POST /tasks/7  eddy  deny by no rule -> allow by writes  test "editor"

allow -> deny: 1
  POST /tasks/7  wendy  allow by writes -> deny by no rule  test "writer"

rule changed: 1
  GET /tasks/7  nobody  allow by reads -> allow by readers  test "reader"

asked: 3 requests of the tests
`);
    expect(code).toBe(0);
    expect((await policy('diff', one, two, '--exit-code')).code).toBe(1);
  });

  it('judges tests without a time at the time it is told', async () => {
    const timeless = `version: 1
rules:
  - { name: a, effect: allow, when: 'true' }
tests:
  - { name: t, expect: allow }
`;
    const one = folder.write('timeless.yaml', timeless);
    const two = folder.write(
      'timed.yaml',
      'version: 1\nrules:\n  - { name: a, effect: allow, when: now.hour("UTC") == 9 }\n',
    );
    const at = async (now: string) => (await policy('diff', one, two, '--now', now)).out;
    expect(await at('2026-11-20T09:30:00Z')).toContain('nothing changed');
    expect(await at('2026-11-20T10:30:00Z')).toContain('allow -> deny: 1');
  });
});

describe('policy diff --audit', () => {
  it('asks both about the requests of an audit log, alike ones together', async () => {
    const audit = log(
      record({ subject: 'eddy', claims: { groups: ['editors'] } }),
      record({ subject: 'wendy', claims: { groups: ['writers'] } }),
      record({ subject: 'wendy', claims: { groups: ['writers'] } }),
      record({ subject: 'agnes', claims: { groups: ['both'] } }),
    );
    const { out } = await policy('diff', before, after, '--audit', audit);
    expect(out).toBe(`deny -> allow: 1
  POST /tasks/7 (tasks)  eddy  deny by no rule -> allow by writes  audit

allow -> deny: 2
  POST /tasks/7 (tasks)  wendy  allow by writes -> deny by no rule  audit, 2 times

asked: 0 requests of the tests
audit: 4 records: 3 changed, 1 unchanged, 0 cannot be judged
`);
  });

  it('says what is not recorded, and judges what does not depend on it', async () => {
    const audit = log(
      // Refused for the actor alone by the old policy; the new one has to know the groups.
      record({ actor: { subject: 'bot', issuer: null } }),
      record({ actor: { subject: 'bot', issuer: null } }, { method: 'DELETE' }),
      record({}, { method: 'GET' }),
      record({}, { path: '/other' }),
      record({}),
    );
    const { out } = await policy('diff', before, after, '--audit', audit);
    expect(out).toContain('rule changed: 1\n  GET /tasks/7 (tasks)  alice');
    expect(out).toContain(`audit: 5 records: 1 changed, 2 unchanged, 2 cannot be judged
  identity.groups is not recorded: 2 records
`);
  });

  it.each<[string, string, string]>([
    ['a claim', '"mfa" in identity.claims.amr', 'identity.claims.amr'],
    ['whether there is a claim', '!has(identity.claims.amr)', 'identity.claims.amr'],
    ['whether there is a key', '!("amr" in identity.claims)', 'identity.claims.amr'],
    ['all claims', 'identity.claims.all(name, name != "x")', 'identity.claims'],
    ['the number of claims', 'size(identity.claims) < 9', 'identity.claims'],
    ['an address', 'identity.email == "a@example.com"', 'identity.email'],
    ['whether there is an address', '!has(identity.email)', 'identity.email'],
    ['scopes', '"a" in identity.scopes', 'identity.scopes'],
    ['a header', 'request.headers["x-a"] == ""', 'request.headers'],
    ['whether there is a header', '!("x-a" in request.headers)', 'request.headers'],
    ['the query', '!("a" in request.query)', 'request.query'],
    ['the host', 'request.host == ""', 'request.host'],
    ['the address of the client', 'request.client_ip == ""', 'request.client_ip'],
    ['the body', '!has(request.body)', 'request.body'],
    ['the service', 'service == ""', 'service'],
  ])('never takes for known %s that is not recorded', async (_, when, missing) => {
    const reading = (name: string, effect: string) =>
      folder.write(
        name,
        `version: 1\nrules:\n  - { name: a, effect: allow, when: 'true' }\n  - { name: d, effect: ${effect}, when: '${when.replaceAll("'", "''")}' }\n`,
      );
    const files = [reading('reads-1.yaml', 'deny'), reading('reads-2.yaml', 'deny')] as const;
    const { code, out, err } = await policy('diff', ...files, '--audit', log(record({})));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`audit: 1 record: 0 changed, 0 unchanged, 1 cannot be judged
  ${missing} is not recorded: 1 record
`);
  });

  it('takes what is recorded: claims by name and by pointer, the actor, the client and the time', async () => {
    const conditions = [
      'identity.claims.amr == ["mfa"]',
      'identity.claims.realm_access.roles == ["a"]',
      'identity.claims.sub == "alice" && identity.issuer == "https://id.example.com"',
      'identity.actor.subject == "bot" && size(identity.actor.prior) == 0',
      'identity.email == "alice@example.com"',
      'identity.groups == ["g"] && identity.scopes == ["s", "t"]',
      'request.client_ip == "192.0.2.1" && route == "tasks" && labels.env == "staging"',
      'now == timestamp("2026-11-20T12:00:00Z") && request.path == "/tasks/ü"',
    ];
    const one = folder.write(
      'all.yaml',
      `version: 1\nrules:\n  - { name: a, effect: allow, when: '${conditions.join(' && ')}' }\n`,
    );
    const none = folder.write('none.yaml', 'version: 1\nrules: []\n');
    const audit = log(
      record(
        {
          actor: { subject: 'bot', issuer: null },
          claims: {
            amr: ['mfa'],
            '/realm_access/roles': ['a'],
            email: 'alice@example.com',
            email_verified: true,
            groups: ['g'],
            scope: 's t',
          },
        },
        { client_ip: '192.0.2.1', labels: { env: 'staging' }, path: '/tasks/%C3%BC' },
      ),
    );
    const { out } = await policy('diff', one, none, '--audit', audit);
    expect(out).toContain('allow -> deny: 1');
    expect(out).toContain('audit: 1 record: 1 changed, 0 unchanged, 0 cannot be judged');
  });

  it('knows of a claim known in part no more than that part', async () => {
    const one = folder.write(
      'part.yaml',
      'version: 1\nrules:\n  - { name: a, effect: allow, when: has(identity.claims.realm_access.other) }\n',
    );
    const audit = log(record({ claims: { '/realm_access/roles': ['a'] } }));
    const { out } = await policy('diff', one, one, '--audit', audit);
    expect(out).toContain('  identity.claims.realm_access.other is not recorded: 1 record\n');
  });

  it('takes a claim that was listed, and is not there, for one that the token lacked', async () => {
    const one = folder.write(
      'listed.yaml',
      'version: 1\nrules:\n  - { name: a, effect: allow, when: "!has(identity.claims.amr) && identity.groups == []" }\n',
    );
    const none = folder.write('none.yaml', 'version: 1\nrules: []\n');
    const audit = log(record({}));
    const { out } = await policy(
      'diff',
      one,
      none,
      '--audit',
      audit,
      '--audit-fields',
      'amr,groups',
    );
    expect(out).toContain('audit: 1 record: 1 changed, 0 unchanged, 0 cannot be judged');
  });

  it('does not guess who is in a group that has a grant, nor how often a grant was used', async () => {
    const grants = (grant: string) =>
      `version: 1\nroles: { r: 'false' }\nrules:\n  - { name: a, effect: allow, when: has_role("r") }\ngrants:\n  - { name: g, role: r, ${grant}, expires: "2026-12-01T00:00:00Z", approved_by: c, reason: d }\n`;
    const group = folder.write('group.yaml', grants('group: on-call'));
    const { out } = await policy('diff', group, group, '--audit', log(record({})));
    expect(out).toContain('1 cannot be judged\n  identity.groups is not recorded: 1 record\n');
    const uses = folder.write('uses.yaml', grants('subject: alice, max_uses: 3'));
    const used = await policy('diff', uses, uses, '--audit', log(record({})));
    expect(used.out).toContain('1 cannot be judged\n  how often a grant was used is not recorded');
  });

  it('leaves out what no rule decided, and lines that are no record', async () => {
    const anonymous = { identity: null, token: null };
    const audit = log(
      record({}, { ...anonymous, decision: 'deny', code: 'missing_token', rule: null }),
      record({}, { decision: 'deny', code: 'invalid_request', rule: null }),
      record({}, { ...anonymous, method: 'GET', rule: 'reads' }),
      record({}, { path: `/${'a'.repeat(1023)}…` }),
      'not JSON',
      '{"type":"other"}',
      '{"type":"authz"}',
    );
    const { out } = await policy('diff', before, after, '--audit', audit);
    expect(out).toContain('rule changed: 1\n  GET /tasks/7 (tasks)  nobody  ');
    expect(out).toContain(`audit: 4 records: 1 changed, 0 unchanged, 1 cannot be judged
  request.path is not recorded: 1 record
  2 records of requests refused before any rule was asked
  3 lines that are no audit record
`);
  });

  it('says where the old policy decides otherwise than it did', async () => {
    const { version } = loadPolicy(BEFORE, 'before.yaml');
    const audit = log(
      record({ claims: { groups: [] } }, { policy_version: version }),
      record({ claims: { groups: ['writers'] } }, { policy_version: version }),
    );
    expect((await policy('diff', before, before, '--audit', audit)).out).toContain(
      '  1 record of the old policy itself that it decides otherwise from what is recorded\n',
    );
  });

  it('prints JSON, and exits with 1 where it is asked to', async () => {
    const audit = log(record({ subject: 'eddy', claims: { groups: ['editors'] } }), record({}));
    const { code, out } = await policy(
      ...['diff', before, after, '--audit', audit, '--json', '--exit-code'],
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      old: before,
      new: after,
      totals: { 'deny -> allow': 1, 'allow -> deny': 0, 'rule changed': 0 },
      changes: [
        {
          kind: 'deny -> allow',
          source: 'audit',
          subject: 'eddy',
          method: 'POST',
          path: '/tasks/7',
          route: 'tasks',
          before: { decision: 'deny', code: 'policy_denied', rule: null },
          after: { decision: 'allow', code: null, rule: 'writes' },
          count: 1,
        },
      ],
      requests: 0,
      audit: {
        records: 2,
        changed: 1,
        unchanged: 0,
        unjudged: 1,
        missing: { 'identity.groups': 1 },
        undecided: 0,
        others: 0,
        contradicted: 0,
      },
    });
  });

  it('exits with 1 where a file is missing or does not load', async () => {
    const missing = path.join(folder.path, 'missing');
    for (const args of [
      [missing, DEMO],
      [DEMO, missing],
      [DEMO, DEMO, '--audit', missing],
    ]) {
      expect(await policy('diff', ...args)).toEqual({
        code: 1,
        out: '',
        err: `${missing}: there is no such file`,
      });
    }
    const { code, err } = await policy('diff', DEMO, DEMO, '--audit', folder.path);
    expect(code).toBe(1);
    expect(err).toContain(`${folder.path}: cannot be read: EISDIR`);
  });

  it.each([
    [[DEMO], "missing required argument 'new'"],
    [[DEMO, DEMO, '--audits', 'x'], "unknown option '--audits'"],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, err } = await policy('diff', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
