import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { policy, ROOT, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const DEMO = path.join(ROOT, 'policy.yaml');

const HOURS = `version: 1
roles:
  staff: '"staff" in identity.groups'
rules:
  - name: agents
    effect: deny
    when: identity.actor != null
  - name: staff-by-day
    effect: allow
    when: >
      has_role("staff")
      && now.within("Mon-Fri 09:00-17:00", "UTC") && now.hour("UTC") != 12
grants:
  - name: g
    subject: erin
    role: staff
    not_before: 2026-11-20T10:00:00Z
    expires: 2026-11-20T16:00:00Z
    approved_by: carol
    reason: once
tests:
`;

function test(name: string, sub: string, at: string, expected: string, more = ''): string {
  const groups = sub === 'alice' ? ', groups: [staff]' : '';
  return `  - name: ${name}
    given: { identity: { sub: ${sub}${groups}${more} }, now: "2026-11-20T${at}Z" }
    expect: ${expected}
`;
}

/** At each side of each bound. */
const THOROUGH = [
  test('before work', 'alice', '08:30:00', 'deny'),
  test('at work', 'alice', '09:00:00', 'allow'),
  test('at lunch', 'alice', '12:30:00', 'deny'),
  test('still before lunch', 'alice', '11:30:00', 'allow'),
  test('after lunch', 'alice', '13:30:00', 'allow'),
  test('late at work', 'alice', '16:59:00', 'allow'),
  test('after work', 'alice', '17:30:00', 'deny'),
  test('an agent', 'alice', '10:00:00', '{ decision: deny, rule: agents }', ', act: { sub: bot }'),
  test('before the grant', 'erin', '09:30:00', 'deny'),
  test('as the grant begins', 'erin', '10:00:00', 'allow'),
  test('as the grant ends', 'erin', '15:30:00', 'allow'),
  test('after the grant', 'erin', '16:00:00', 'deny'),
].join('');

describe('policy test', () => {
  it('passes the policy of the demo, and says what its tests leave open', async () => {
    const { code, out } = await policy('test', DEMO);
    expect(code).toBe(0);
    expect(out).toContain(`${DEMO}:36:5: rule "handbook-is-public" decides no test\n`);
    expect(out).toContain(
      `${DEMO}:28:21: no test notices when rule "qa-leads-rerun-staging": 17:00 → 18:00\n`,
    );
    expect(out).toContain(
      `${DEMO}:44:17: no test notices when grant "INC-4312" starts an hour later\n`,
    );
    expect(out).not.toContain('agents-read-only');
    expect(out).toContain(
      `${DEMO}: 7 of 7 tests passed; 5 of 6 rules tested (83 %); 13 of 21 changes noticed\n`,
    );
  });

  it('notices every change where tests stand at both sides of every bound', async () => {
    const file = folder.write('thorough.yaml', HOURS + THOROUGH);
    const { code, out } = await policy(
      'test',
      file,
      '--mutations',
      'require',
      '--min-coverage',
      '100',
    );
    expect(out).toBe(
      `${file}: 12 of 12 tests passed; 2 of 2 rules tested (100 %); 15 of 15 changes noticed\n`,
    );
    expect(code).toBe(0);
  });

  it('says what decided instead where a test fails', async () => {
    const file = folder.write(
      'failing.yaml',
      HOURS +
        test('wrong decision', 'alice', '08:30:00', '{ decision: allow, rule: staff-by-day }') +
        test('wrong rule', 'erin', '11:00:00', '{ decision: allow, rule: agents }'),
    );
    const { code, out } = await policy('test', file, '--mutations', 'off');
    expect(code).toBe(1);
    expect(out).toBe(
      `${file}:22:5: test "wrong decision" failed\n` +
        '    expected  allow by rule "staff-by-day"\n' +
        '    decided   deny, as no rule matched\n' +
        `${file}:25:5: test "wrong rule" failed\n` +
        '    expected  allow by rule "agents"\n' +
        '    decided   allow by rule "staff-by-day", through grant "g"\n' +
        `${file}:5:5: rule "agents" decides no test\n` +
        `${file}: 0 of 2 tests passed; 1 of 2 rules tested (50 %)\n` +
        `${file}: FAILED: 2 tests failed\n`,
    );
  });

  it('says which rule could not be evaluated, which has not decided then', async () => {
    const file = folder.write(
      'broken.yaml',
      `version: 1
rules:
  - { name: a, effect: allow, when: identity.claims.level == "high" }
tests:
  - { name: no level, given: { identity: { sub: alice } }, expect: allow }
`,
    );
    const { code, out } = await policy('test', file, '--mutations', 'off');
    expect(code).toBe(1);
    expect(out).toContain('    decided   deny (policy_error): rule "a": ');
    expect(out).toContain('no such key "level"; guard it with has(identity.claims.level)');
    expect(out).toContain('0 of 1 rule tested (0 %)');
  });

  it('fails where fewer rules decide a test than asked for', async () => {
    expect((await policy('test', DEMO, '--min-coverage', '83')).code).toBe(0);
    const { code, out } = await policy('test', DEMO, '--min-coverage', '84');
    expect(code).toBe(1);
    expect(out).toContain(
      `${DEMO}: FAILED: 83 % of the rules decide a test; at least 84 % are to\n`,
    );
  });

  it('fails where a change goes unnoticed and none may', async () => {
    const { code, out } = await policy('test', DEMO, '--mutations', 'require');
    expect(code).toBe(1);
    expect(out).toContain(`${DEMO}: FAILED: 8 changes would go unnoticed\n`);
  });

  it('lists a missing or turned rule, a missing grant and a moved bound of a role or a timestamp', async () => {
    const file = folder.write(
      'unnoticed.yaml',
      `version: 1
roles:
  early: now.hour("UTC") <= 6
rules:
  - { name: r, effect: deny, when: 'has_role("early") && now < timestamp("2026-11-20T06:00:00Z")' }
grants:
  - { name: g, subject: erin, role: early, expires: "2026-11-21T00:00:00Z", approved_by: c, reason: d }
tests:
  - { name: t, given: { now: "2026-11-20T12:00:00Z" }, expect: deny }
`,
    );
    const { out } = await policy('test', file);
    expect(out.split('\n').filter((line) => line.includes('no test notices'))).toEqual([
      `${file}:5:5: no test notices when rule "r" allows instead of denying`,
      `${file}:5:5: no test notices when rule "r" is missing`,
      `${file}:3:29: no test notices when role "early": 6 → 7`,
      `${file}:3:29: no test notices when role "early": 6 → 5`,
      expect.stringMatching(/rule "r": 2026-11-20T06:00:00Z → 2026-11-20T07:00:00\.000Z$/),
      expect.stringMatching(/rule "r": 2026-11-20T06:00:00Z → 2026-11-20T05:00:00\.000Z$/),
      `${file}:7:5: no test notices when grant "g" is missing`,
      `${file}:7:53: no test notices when grant "g" expires an hour later`,
      `${file}:7:53: no test notices when grant "g" expires an hour earlier`,
    ]);
  });

  it('neither counts nor changes rules in shadow', async () => {
    const file = folder.write(
      'shadow.yaml',
      `version: 1
rules:
  - { name: s, effect: deny, when: 'true', shadow: true }
  - { name: a, effect: allow, when: 'true' }
tests:
  - { name: t, expect: allow }
`,
    );
    const { code, out } = await policy('test', file, '--mutations', 'require');
    expect(out).toBe(
      `${file}: 1 of 1 test passed; 1 of 1 rule tested (100 %); 2 of 2 changes noticed\n`,
    );
    expect(code).toBe(0);
  });

  it('prints JSON', async () => {
    const { code, out } = await policy('test', DEMO, '--json');
    expect(code).toBe(0);
    const { files } = JSON.parse(out);
    expect(files).toEqual([
      {
        file: DEMO,
        ok: true,
        problems: [],
        tests: { passed: 7, failed: 0, failures: [] },
        coverage: {
          rules: 6,
          decided: 5,
          percent: 83,
          undecided: [{ rule: 'handbook-is-public', location: `${DEMO}:36:5` }],
        },
        mutations: { noticed: 13, unnoticed: expect.any(Array), untried: 0 },
      },
    ]);
    expect(files[0].mutations.unnoticed[0]).toEqual({
      location: `${DEMO}:36:5`,
      change: 'rule "handbook-is-public" denies instead of allowing',
    });
  });

  it('exits with 1 for a file that does not load, and tests the others', async () => {
    const missing = path.join(folder.path, 'missing.yaml');
    const bad = folder.write('bad.yaml', 'version: 1\nrules: [{}]\n');
    const { code, out } = await policy('test', missing, bad, DEMO);
    expect(code).toBe(1);
    expect(out).toContain(`${missing}: there is no such file\n`);
    expect(out).toContain(`${bad}:2:9: rules[0].name is required (a string)\n`);
    expect(out).toContain(`${DEMO}: 7 of 7 tests passed`);
    const json = JSON.parse((await policy('test', missing, '--json')).out);
    expect(json.files[0]).toMatchObject({
      file: missing,
      ok: false,
      problems: [`${missing}: there is no such file`],
      coverage: null,
    });
  });

  it.each([
    [['--min-coverage', '101'], 'Expected a whole number from 0 to 100.'],
    [['--min-coverage', 'all'], 'Expected a whole number from 0 to 100.'],
    [['--mutations', 'some'], 'Allowed choices are off, report, require.'],
    [['--mutation', 'off'], "unknown option '--mutation'"],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, out, err } = await policy('test', DEMO, ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});
