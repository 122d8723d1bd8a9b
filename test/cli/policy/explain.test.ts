import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPolicy } from '../../../src/cli/policy/input/open-policy.ts';
import { explainDecision } from '../../../src/policy/explain-decision.ts';
import { runPolicyTests } from '../../../src/policy/run-policy-tests.ts';
import { policy, ROOT, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const DEMO = path.join(ROOT, 'policy.yaml');

const ALICE = {
  identity: { sub: 'alice', groups: ['engineering', 'qa-leads'] },
  request: { method: 'POST', path: '/staging/tasks/7' },
  labels: { env: 'staging' },
  route: 'tasks-staging',
  now: '2026-11-25T10:00:00+01:00',
};

let files = 0;

/** Explains what one rule makes of a request. */
async function explainCondition(when: string, request: object, more = ''): Promise<string> {
  files += 1;
  const file = folder.write(
    `policy-${files}.yaml`,
    `version: 1\nrules:\n  - name: r\n    effect: allow\n    when: >-\n      ${when}\n${more}`,
  );
  const given = folder.write(`request-${files}.json`, { now: ALICE.now, ...request });
  const { code, out, err } = await policy('explain', file, '--request', given);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

describe('policy explain', () => {
  it('tells all that came of a request', async () => {
    const request = folder.write('alice.json', ALICE);
    const { code, out } = await policy('explain', DEMO, '--request', request);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^allow by rule "qa-leads-rerun-staging"\n\nPOST \/staging\/tasks\/7 by "alice", route tasks-staging, env=staging\n {2}at 2026-11-25T09:00:00\.000Z\n/,
    );
    expect(out).toContain(`
  agents-read-only: does not match  ${DEMO}:9:5
    identity.actor != null && request.method != "GET"  -> false
      identity.actor != null  -> false  <- decides
        identity.actor  -> null
      request.method != "GET"  (not evaluated)
`);
    expect(out).toContain(`
  qa-leads-rerun-staging: matches  ${DEMO}:23:5
    has_role("qa-lead") && labels.env == "staging" && request.method == "POST" && r…  -> true
      has_role("qa-lead")  -> true
      labels.env == "staging"  -> true
        labels.env  -> "staging"
      request.method == "POST"  -> true
        request.method  -> "POST"
      request.path.startsWith("/staging/tasks/")  -> true
        request.path  -> "/staging/tasks/7"
      now.within("Mon-Fri 09:00-17:00", "Europe/Berlin")  -> true
        now  -> 2026-11-25T09:00:00.000Z
`);
    expect(out).toContain(
      `  handbook-is-public: does not match (not reached: the decision had fallen)  ${DEMO}:36:5\n`,
    );
    expect(out).toContain(`
  qa-lead: held
    "qa-leads" in identity.groups  -> true
      identity.groups  -> ["engineering", "qa-leads"]
`);
    expect(out).toContain('\ngrants\n  INC-4312  not for this identity\n');
  });

  it('says through which grant a role is held, and when grants are in force', async () => {
    const erin = {
      ...ALICE,
      identity: { sub: 'erin', amr: ['mfa'] },
      labels: { env: 'production' },
    };
    const request = folder.write('erin.json', {
      ...erin,
      request: { method: 'POST', path: '/production/tasks/7' },
    });
    const { out } = await policy('explain', DEMO, '--request', request);
    expect(out).toMatch(/^allow by rule "operators-rerun-production", through grant "INC-4312"\n/);
    expect(out).toContain('  prod-operator: held, through grant "INC-4312"\n');
    expect(out).toContain('  INC-4312  in force\n');
    const state = async (now: string) =>
      (await policy('explain', DEMO, '--request', request, '--now', now)).out;
    expect(await state('2026-11-25T08:00:00Z')).toContain('  INC-4312  in force\n');
    expect(await state('2026-11-25T06:59:59Z')).toContain('  INC-4312  not yet in force\n');
    expect(await state('2026-11-25T17:00:00Z')).toContain('  INC-4312  expired\n');
  });

  it('shows a rule that matches because of a grant, and one in shadow', async () => {
    const out = await explainCondition(
      'false',
      { identity: { sub: 'erin' } },
      `  - { name: s, effect: deny, when: 'true', shadow: true }
grants:
  - { name: g, subject: erin, rule: r, expires: "2026-12-01T00:00:00Z", approved_by: c, reason: d }
`,
    );
    expect(out).toMatch(/^allow by rule "r", through grant "g"\n/);
    expect(out).toContain('  r: matches (through grant "g")  ');
    expect(out).toContain('  s: matches (in shadow: decides nothing)  ');
  });

  it('shows which operand of || decided, and that an error beside it did not matter', async () => {
    const out = await explainCondition('identity.claims.level == 3.0 || route == "a"', {
      identity: { sub: 'x' },
      route: 'a',
    });
    expect(out).toContain(`
    identity.claims.level == 3.0 || route == "a"  -> true
      identity.claims.level == 3.0  -> error: no such key "level"; guard it with has(identity.claims.level)
        identity.claims.level  -> error: no such key "level"; guard it with has(identity.claims.level)
      route == "a"  -> true  <- decides
        route  -> "a"
`);
  });

  it('shows where an error comes from that nothing outweighs', async () => {
    const out = await explainCondition('route == "b" || identity.claims.level == 3.0', {
      identity: { sub: 'x' },
    });
    expect(out).toMatch(
      /^deny \(policy_error\): rule "r": .*policy-\d+\.yaml:6:39: no such key "level"/,
    );
    expect(out).toContain('  r: error  ');
    expect(out).toContain(
      '      identity.claims.level == 3.0  -> error: no such key "level"; guard it with has(identity.claims.level)  <- decides\n',
    );
  });

  it('shows the branch that was taken', async () => {
    const out = await explainCondition(
      'has(identity.claims.amr) ? "mfa" in identity.claims.amr : false',
      {
        identity: { sub: 'x', amr: ['pwd'] },
      },
    );
    expect(out).toContain(`
      has(identity.claims.amr)  -> true
      "mfa" in identity.claims.amr  -> false
        identity.claims.amr  -> ["pwd"]
`);
  });

  it('shows a loop element by element, up to the one that settles it', async () => {
    const out = await explainCondition('identity.groups.exists(g, g.startsWith("b") || g == "z")', {
      identity: { sub: 'x', groups: ['a', 'b', 'c'] },
    });
    expect(out).toContain(`
    identity.groups.exists(g, g.startsWith("b") || g == "z")  -> true
      identity.groups  -> ["a", "b", "c"]
      g = "a"
        g.startsWith("b") || g == "z"  -> false
          g.startsWith("b")  -> false
            g  -> "a"
          g == "z"  -> false
            g  -> "a"
      g = "b"  <- decides
        g.startsWith("b") || g == "z"  -> true
          g.startsWith("b")  -> true  <- decides
            g  -> "b"
          g == "z"  (not evaluated)
`);
  });

  it('shows ten turns of a long loop and the last', async () => {
    const groups = Array.from({ length: 40 }, (_, index) => `g${index}`);
    const out = await explainCondition('identity.groups.all(g, g != "g30")', {
      identity: { sub: 'x', groups },
    });
    expect(out).toContain('      g = "g9"\n');
    expect(out).not.toContain('      g = "g10"\n');
    expect(out).toContain('      … 20 more\n      g = "g30"  <- decides\n');
  });

  it('shows loops inside loops, filters and maps', async () => {
    const out = await explainCondition(
      'identity.groups.filter(g, identity.scopes.exists(s, s == g)).map(h, h != "x", h + "!") == ["b!"]',
      { identity: { sub: 'x', groups: ['a', 'b'], scope: 'b c' } },
    );
    expect(out).toMatch(/^allow by rule "r"/);
    expect(out).toContain(`
          g = "a"
            identity.scopes.exists(s, s == g)  -> false
              identity.scopes  -> ["b", "c"]
              s = "b"
                s == g  -> false
`);
    expect(out).toContain(`
        h = "b"
          h != "x"  -> true
            h  -> "b"
          h + "!"  -> "b!"
            h  -> "b"
`);
  });

  it('shortens long values, and lets none of them move the cursor or turn the text', async () => {
    const out = await explainCondition('identity.subject == "x"', {
      identity: { sub: `\u202e\u001b[2J${'long '.repeat(100)}` },
    });
    const line = out.split('\n').find((candidate) => candidate.includes('identity.subject  ->'));
    expect(line).toContain('identity.subject  -> "\\u202e\\u001b[2Jlong long');
    expect(line?.length).toBeLessThan(120);
    expect(line).toMatch(/…$/);
  });

  it('asks no rule about a path that servers read differently', async () => {
    const request = folder.write('ambiguous.json', {
      ...ALICE,
      request: { path: '/staging/%2e%2e/production' },
    });
    const { code, out } = await policy('explain', DEMO, '--request', request);
    expect(code).toBe(0);
    expect(out).toMatch(/^deny \(invalid_request\): the path contains a dot segment\n/);
    expect(out).not.toContain('agents-read-only');
  });

  it('reads a request that is indented with tabs and folded over lines', async () => {
    const request = folder.write('tabs.json', JSON.stringify(ALICE, null, '\t'));
    const { code, out } = await policy('explain', DEMO, '--request', request);
    expect(code).toBe(0);
    expect(out).toMatch(/^allow by rule "qa-leads-rerun-staging"\n/);
  });

  it('judges at the present where nothing says a time', async () => {
    const request = folder.write('timeless.json', { ...ALICE, now: undefined });
    const { code, out } = await policy('explain', DEMO, '--request', request, '--json');
    expect(code).toBe(0);
    expect(Math.abs(Date.parse(JSON.parse(out).now) - Date.now())).toBeLessThan(60_000);
  });

  it('prints JSON', async () => {
    const request = folder.write('json.json', ALICE);
    const { code, out } = await policy('explain', DEMO, '--request', request, '--json');
    expect(code).toBe(0);
    const explained = JSON.parse(out);
    expect(explained).toMatchObject({
      file: DEMO,
      policy_version: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      now: '2026-11-25T09:00:00.000Z',
      decision: { decision: 'allow', code: null, rule: 'qa-leads-rerun-staging', grant: null },
      grants: [{ name: 'INC-4312', state: 'not for this identity' }],
    });
    expect(explained.rules.map(({ name }: { name: string }) => name)).toEqual([
      'agents-read-only',
      'production-needs-strong-login',
      'engineers-read',
      'qa-leads-rerun-staging',
      'operators-rerun-production',
      'handbook-is-public',
    ]);
    expect(explained.rules[0]).toMatchObject({
      effect: 'deny',
      location: `${DEMO}:9:5`,
      result: 'does not match',
      reached: true,
      shadow: false,
      grant: null,
      evaluation: {
        text: 'identity.actor != null && request.method != "GET"',
        value: 'false',
        error: null,
        parts: [
          { text: 'identity.actor != null', value: 'false', decides: true },
          { text: 'request.method != "GET"', value: null, error: null, decides: false, parts: [] },
        ],
      },
    });
    expect(explained.roles).toMatchObject([
      { name: 'engineer', held: true, grant: null },
      { name: 'qa-lead', held: true, grant: null },
      { name: 'prod-operator', held: false, grant: null },
    ]);
  });
});

describe('policy explain with bad input', () => {
  it.each<[string, string, string]>([
    ['nothing', '', 'is not JSON: it is empty'],
    ['half an object', '{"identity":', 'is not JSON: '],
    ['two objects', '{} {}', 'is not JSON: '],
    ['YAML', 'identity: null', 'is not JSON: '],
    ['a list', '[]', ':1:1: must be a map'],
    ['text', '"hello"', ':1:1: must be a map'],
    [
      'an unknown member',
      '{\n  "requst": {}\n}',
      ':2:3: unknown field "requst"; did you mean "request"?',
    ],
    [
      'an unknown member of the request',
      '{"request": {"verb": "GET"}}',
      ':1:14: request: unknown field "verb"',
    ],
    [
      'a wrong type',
      '{"request": {"method": 7}}',
      ':1:24: request.method must be a string; put it in quotes',
    ],
    [
      'a query in the path',
      '{"request": {"path": "/a?b=c"}}',
      'request.path must start with "/" and hold no query',
    ],
    ['a wrong time', '{"now": "today"}', ':1:9: now must be an RFC 3339 date-time with offset'],
    ['labels that are numbers', '{"labels": {"env": 1}}', 'labels.env must be a string'],
    ['an identity that is a name', '{"identity": "alice"}', 'identity must be a map'],
    [
      'an identity without subject',
      '{"identity": {"groups": []}}',
      'identity needs a "sub", a string; it holds the claims of a token',
    ],
    ['a member given twice', '{"labels": {}, "labels": {}}', 'duplicate key "labels"'],
    ['what ends the given early', '{}}]} #', 'is not JSON: '],
  ])('says what is wrong with %s', async (_, text, message) => {
    const request = folder.write('bad.json', text);
    const { code, out, err } = await policy('explain', DEMO, '--request', request);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err).toMatch(new RegExp(`^${request}:`));
    expect(err).not.toContain('tests[0]');
  });

  it('exits with 1 where a file is not there or the policy does not load', async () => {
    const request = folder.write('fine.json', ALICE);
    const missing = path.join(folder.path, 'missing');
    expect(await policy('explain', missing, '--request', request)).toEqual({
      code: 1,
      out: '',
      err: `${missing}: there is no such file`,
    });
    expect(await policy('explain', DEMO, '--request', missing)).toEqual({
      code: 1,
      out: '',
      err: `${missing}: there is no such file`,
    });
    const bad = folder.write('bad.yaml', 'version: 1\n');
    expect((await policy('explain', bad, '--request', request)).err).toContain(
      `${bad}:1:1: rules is required (a list)`,
    );
  });

  it.each([
    [[DEMO], "required option '--request <file>' not specified"],
    [['--request', 'r.json'], "missing required argument 'file'"],
    [[DEMO, 'more', '--request', 'r.json'], 'too many arguments'],
    [[DEMO, '--request', 'r.json', '--now', 'x'], 'Expected an RFC 3339 date-time'],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, out, err } = await policy('explain', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('explainDecision', () => {
  const files = ['.', 'examples']
    .flatMap((folderName) =>
      readdirSync(path.join(ROOT, folderName), {
        recursive: folderName !== '.',
        encoding: 'utf8',
      }).map((name) => path.join(ROOT, folderName, name)),
    )
    .filter((name) => path.basename(name) === 'policy.yaml');

  it.each(files)('decides all tests of %s as the plugin does', (file) => {
    const { policy: loaded, document, locateIn } = openPolicy(file);
    for (const [index, { name, actual }] of runPolicyTests(loaded).entries()) {
      const given = loaded.tests[index]?.given;
      if (given === undefined) throw new Error('a test is missing');
      const { decision, rules } = explainDecision(loaded, document, locateIn, given);
      expect(decision, name).toEqual(actual);
      expect(rules.map((rule) => rule.name)).toEqual(document.rules.map((rule) => rule.name));
    }
  });
});
