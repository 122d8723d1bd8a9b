import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { policy, ROOT, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const NOW = ['--now', '2026-11-20T12:00:00Z'];
const TESTS = `
tests:
  - name: nobody
    given: { now: "2026-11-20T12:00:00Z" }
    expect: deny
`;

describe('policy lint', () => {
  it('finds nothing in the policy of the demo while its grant is not due', async () => {
    const file = path.join(ROOT, 'policy.yaml');
    const { code, out } = await policy('lint', file, '--now', '2026-11-01T00:00:00Z');
    expect({ code, out }).toEqual({ code: 0, out: '1 file: 0 errors, 0 warnings\n' });
  });

  it('finds no error in any example', async () => {
    const files = readdirSync(path.join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
      .filter((name) => path.basename(name) === 'policy.yaml')
      .map((name) => path.join(ROOT, 'examples', name));
    expect(files.length).toBeGreaterThan(5);
    const { code, out } = await policy('lint', ...files);
    expect(out).toContain(`${files.length} files: 0 errors`);
    expect(code).toBe(0);
  });

  it('says several problems of several files at once, each with the expression and a caret', async () => {
    const one = folder.write(
      'one.yaml',
      'version: 1\nrules:\n  - name: a\n    effect: allow\n    when: identty.subject == "x"\n  - name: a\n    effect: maybe\n    when: true &&\n',
    );
    const two = folder.write('two.yaml', 'version: 2\nrules: []\n');
    const { code, out } = await policy('lint', one, two);
    expect(code).toBe(1);
    expect(out).toContain(
      `${one}:5:11: rules[0].when: unknown variable "identty"; did you mean "identity"?\n` +
        '    identty.subject == "x"\n    ^\n',
    );
    expect(out).toContain(`${one}:7:13: rules[1].effect must be "allow" or "deny"\n`);
    expect(out).toContain(`${one}:8:18: rules[1].when: the expression ends too early\n`);
    expect(out).toContain(`${two}:1:10: version must be 1\n`);
    expect(out).toContain('2 files: 4 errors, 0 warnings\n');
  });

  it('warns of grants that are over, and tells of those that soon will be', async () => {
    const grant = (name: string, expires: string) =>
      `  - { name: ${name}, subject: erin, role: r, expires: "${expires}", approved_by: c, reason: d }\n`;
    const file = folder.write(
      'grants.yaml',
      `version: 1\nroles: { r: "false" }\nrules:\n  - { name: a, effect: allow, when: has_role("r") }\ngrants:\n${grant('over', '2026-11-20T12:00:00Z')}${grant('soon', '2026-11-26T11:00:00Z')}${grant('today', '2026-11-20T14:30:00Z')}${grant('later', '2026-11-27T12:00:01Z')}${TESTS}`,
    );
    const { code, out } = await policy('lint', file, ...NOW);
    expect(out).toBe(
      `${file}:6:5: warning: grant "over" expired 2026-11-20T12:00:00.000Z; remove it\n` +
        `${file}:7:5: info: grant "soon" expires in 5 days, 2026-11-26T11:00:00.000Z\n` +
        `${file}:8:5: info: grant "today" expires in 2 hours, 2026-11-20T14:30:00.000Z\n` +
        '1 file: 0 errors, 1 warning\n',
    );
    expect(code).toBe(0);
    expect((await policy('lint', file, ...NOW, '--strict')).code).toBe(1);
  });

  it('warns of roles that no rule uses, unless a rule reads them all', async () => {
    const policyWith = (when: string) =>
      `version: 1\nroles:\n  used: "true"\n  idle: "true"\nrules:\n  - { name: a, effect: allow, when: '${when}' }\n${TESTS}`;
    const some = folder.write('some-roles.yaml', policyWith('has_role("used")'));
    expect((await policy('lint', some)).out).toContain(
      `${some}:4:3: warning: no rule uses role "idle"\n1 file: 0 errors, 1 warning\n`,
    );
    const all = folder.write('all-roles.yaml', policyWith('"used" in identity.roles'));
    expect((await policy('lint', all)).out).toContain('0 warnings');
  });

  it('warns of rules that can never decide', async () => {
    const file = folder.write(
      'unreachable.yaml',
      `version: 1
rules:
  - { name: reads, effect: allow, when: 'request.method == "GET" && labels.env == "staging"' }
  - { name: again, effect: allow, when: '(labels["env"]=="staging") && "GET" == request.method' }
  - { name: fewer, effect: allow, when: 'request.method == "GET" && labels.env == "staging" && route == "a"' }
  - { name: other, effect: allow, when: 'request.method == "GET"' }
  - { name: never, effect: allow, when: 'false' }
  - { name: barred, effect: allow, when: 'identity.actor != null && route == "b"' }
  - { name: agents, effect: deny, when: 'identity.actor != null' }
  - { name: wider, effect: deny, when: 'request.method == "GET"', shadow: true }
${TESTS}`,
    );
    const { out } = await policy('lint', file);
    expect(out).toBe(
      `${file}:4:5: warning: rule "again" can never decide: "reads", an allow rule that decides first, has the same condition\n` +
        `${file}:5:5: warning: rule "fewer" can never decide: "reads", an allow rule that decides first, holds whenever this one does\n` +
        `${file}:7:5: warning: rule "never" can never decide: its condition is false\n` +
        `${file}:8:5: warning: rule "barred" can never decide: "agents", a deny rule that decides first, holds whenever this one does\n` +
        `${file}:10:5: warning: rule "wider" is in shadow: it is recorded, not enforced\n` +
        '1 file: 0 errors, 5 warnings\n',
    );
  });

  it('leaves a rule alone whose condition is false because a grant makes it match', async () => {
    const file = folder.write(
      'granted-rule.yaml',
      `version: 1
rules:
  - { name: emergency, effect: allow, when: 'false' }
grants:
  - { name: g, subject: erin, rule: emergency, expires: "2027-11-20T12:00:00Z", approved_by: c, reason: d }
${TESTS}`,
    );
    expect((await policy('lint', file, ...NOW)).out).toBe('1 file: 0 errors, 0 warnings\n');
  });

  it('warns of a policy without tests', async () => {
    const file = folder.write('untested.yaml', 'version: 1\nrules: []\n');
    expect((await policy('lint', file)).out).toContain(
      `${file}:1:1: warning: there are no tests: nothing says what this policy is to do\n`,
    );
  });

  it('prints JSON', async () => {
    const bad = folder.write(
      'bad.yaml',
      'version: 1\nrules:\n  - { name: a, effect: allow, when: foo }\n',
    );
    const { code, out } = await policy('lint', bad, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      files: [
        {
          file: bad,
          findings: [
            {
              severity: 'error',
              file: bad,
              line: 3,
              column: 37,
              message: expect.stringMatching(/^rules\[0\]\.when: unknown variable "foo"[\s\S]*\^$/),
            },
          ],
        },
      ],
      errors: 1,
      warnings: 0,
    });
  });

  it.each([
    ['missing.yaml', null, 'there is no such file'],
    ['empty.yaml', '', 'the policy is empty'],
    ['comment.yaml', '# nothing\n', 'the policy is empty'],
    ['not.yaml', '{ version: 1', 'error'],
    ['text.yaml', 'just text', 'the policy must be a map'],
    ['binary.yaml', '\u0000\u0001', ''],
  ])('goes on after %s and exits with 1', async (name, content, message) => {
    const file = content === null ? path.join(folder.path, name) : folder.write(name, content);
    const fine = path.join(ROOT, 'policy.yaml');
    const { code, out } = await policy('lint', file, fine, '--now', '2026-11-01T00:00:00Z');
    expect(code).toBe(1);
    if (message !== 'error') expect(out).toContain(message);
    expect(out).toMatch(new RegExp(`^${file}:`));
    expect(out).toMatch(/2 files: [1-9]\d* errors?, 0 warnings\n$/);
  });

  it('refuses a folder', async () => {
    const { code, out } = await policy('lint', folder.path);
    expect({ code, out }).toEqual({
      code: 1,
      out: `${folder.path}: is not a regular file\n1 file: 1 error, 0 warnings\n`,
    });
  });

  it.each([
    [[], "missing required argument 'files'"],
    [['a.yaml', '--nwo', 'x'], "unknown option '--nwo'"],
    [['a.yaml', '--now', 'today'], 'Expected an RFC 3339 date-time with offset'],
    [['a.yaml', '--now', '2026-11-20T12:00:00'], 'Expected an RFC 3339 date-time with offset'],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, out, err } = await policy('lint', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('policy', () => {
  it('exits with 2 where no command or an unknown one is named', async () => {
    expect((await policy()).code).toBe(2);
    expect((await policy('lnit')).code).toBe(2);
  });
});
