import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { loadPolicy } from '../../../src/policy/load-policy.ts';

function problemsOf(text: string): readonly string[] {
  try {
    loadPolicy(text, 'policy.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** A policy whose only rule has this condition, written as given from line 6, column 11 on. */
function rule(when: string): string {
  return `version: 1\nroles: { qa: 'true' }\nrules:\n  - name: a\n    effect: allow\n    when: ${when}\n`;
}

function grants(...lines: string[]): string {
  return `version: 1\nroles: { qa: 'true' }\nrules: []\ngrants:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
}

const APPROVED = 'approved_by: bob, reason: x';

describe('the YAML of a policy', () => {
  it.each([
    ['an empty file', '', '1:1: the policy is empty'],
    ['comments alone', '# nothing yet\n', '1:1: the policy is empty'],
    ['a list', '- a\n', '1:1: the policy must be a map'],
    ['a word', 'allow', '1:1: the policy must be a map'],
    ['null', '~', '1:1: the policy must be a map'],
    [
      'a tab for indentation',
      'version: 1\nrules:\n\t- name: a\n',
      '3:1: Tabs are not allowed as indentation',
    ],
    [
      'an open bracket',
      'version: 1\nrules: [',
      '2:9: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['an open quote', 'version: 1\nrules: "a\n', '3:1: Missing closing "quote'],
    ['a bad escape', 'version: 1\nrules: "\\q"\n', '2:9: Invalid escape sequence \\q'],
    [
      'two documents',
      'version: 1\nrules: []\n---\nversion: 1\n',
      '3:1: a policy is one YAML document, not several',
    ],
    [
      'another YAML version',
      '%YAML 1.1\n---\nversion: 1\nrules: []\n',
      '1:1: only YAML 1.2 is understood',
    ],
    ['a duplicate key', 'version: 1\nrules: []\nversion: 1\n', '3:1: duplicate key "version"'],
    [
      'a duplicate role',
      "version: 1\nrules: []\nroles:\n  qa: 'true'\n  qa: 'false'\n",
      '5:3: duplicate key "qa"',
    ],
    ['a key that is a list', '? [a]\n: b\n', '1:3: a key must be a string'],
    [
      'a key named __proto__',
      'version: 1\nrules: []\n__proto__: {}\n',
      '3:1: a key must not be "__proto__"',
    ],
    ['a custom tag', 'version: 1\nrules: !include x\n', '2:8: Unresolved tag: !include'],
    [
      'a binary tag',
      'version: 1\nrules: !!binary aGk=\n',
      '2:8: Unresolved tag: tag:yaml.org,2002:binary',
    ],
    [
      'an unknown alias',
      'version: 1\nrules: *all\n',
      '2:8: there is no anchor "all" before this alias',
    ],
    ['not a number', 'version: .nan\nrules: []\n', '1:10: not a value that JSON has'],
    ['a collection inside itself', 'a: &x [*x]\n', '1:7: nested deeper than 32 levels'],
    [
      'deep brackets',
      `a: ${'['.repeat(40)}${']'.repeat(40)}\n`,
      '1:36: nested deeper than 32 levels',
    ],
    ['deep dashes', `${'- '.repeat(40)}a\n`, '1:67: nested deeper than 32 levels'],
    [
      'an unquoted condition that starts with a quote',
      rule('"qa" in identity.groups'),
      '6:16: Unexpected scalar at node end; a value that starts with a quote or bracket needs quotes around all of it, or ">" before',
    ],
  ])('refuses %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([`policy.yaml:${problem}`]);
  });

  it('refuses an alias bomb quickly', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array(9).fill(of).join(',')}]\n`;
    const bomb = `${level('a', 'x')}${level('b', '*a')}${level('c', '*b')}${level('d', '*c')}${level('e', '*d')}`;
    const started = performance.now();
    expect(problemsOf(bomb)).toEqual([
      expect.stringMatching(/^policy\.yaml:\d+:\d+: more than 100 aliases$/),
    ]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ['bytes', 'x'.repeat(1024 * 1024 + 1), '1:1: a policy has at most 1048576 bytes'],
    ['multi-byte characters', 'é'.repeat(600_000), '1:1: a policy has at most 1048576 bytes'],
    [
      'tokens',
      'a: 1\n'.repeat(100_000),
      /^policy\.yaml:\d+:\d+: a policy has at most 250000 YAML tokens$/,
    ],
    ['open brackets', '['.repeat(1_000_000), '1:33: nested deeper than 32 levels'],
    ['dashes', '- '.repeat(500_000), /nested deeper than 32 levels$/],
    ['question marks', '? '.repeat(500_000), /nested deeper than 32 levels$/],
    [
      'indentation',
      Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      /nested deeper than 32 levels$/,
    ],
  ])('refuses too many %s before parsing them', (_, text, problem) => {
    const started = performance.now();
    const expected =
      typeof problem === 'string' ? `policy.yaml:${problem}` : expect.stringMatching(problem);
    expect(problemsOf(text)).toEqual([expected]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('accepts an anchor and its alias', () => {
    const text = `version: 1\nrules:\n  - { name: a, effect: allow, when: &c 'request.method == "GET"' }\n  - { name: b, effect: deny, when: *c }\n`;
    expect(problemsOf(text)).toEqual([]);
  });
});

describe('the fields of a policy', () => {
  it.each([
    ['no version', 'rules: []\n', ['1:1: version is required (1)']],
    ['another version', 'version: 2\nrules: []\n', ['1:10: version must be 1']],
    ['no rules', 'version: 1\n', ['1:1: rules is required (a list)']],
    [
      'an unknown field',
      'version: 1\nrules: []\nrole: {}\n',
      ['3:1: unknown field "role"; did you mean "roles"?'],
    ],
    [
      'an unknown field like no other',
      'version: 1\nrules: []\nfrobnicate: 1\n',
      ['3:1: unknown field "frobnicate"'],
    ],
    [
      'wrong collections',
      'version: 1\nrules: {}\nroles: []\n',
      ['2:8: rules must be a list', '3:8: roles must be a map'],
    ],
    ['a rule that is nothing', 'version: 1\nrules:\n  -\n', ['3:4: rules[0] must be a map']],
    [
      'a misspelt field of a rule',
      "version: 1\nrules:\n  - name: a\n    efect: allow\n    when: 'true'\n",
      [
        '3:5: rules[0].effect is required ("allow" or "deny")',
        '4:5: rules[0]: unknown field "efect"; did you mean "effect"?',
      ],
    ],
    [
      'several wrong values at once',
      'version: 1\nrules:\n  - { name: "", effect: permit, when: true }\n',
      [
        '3:13: rules[0].name must not be empty',
        '3:25: rules[0].effect must be "allow" or "deny"',
        '3:39: rules[0].when must be a string; put it in quotes',
      ],
    ],
    [
      'a condition left out',
      'version: 1\nrules:\n  - { name: a, effect: deny }\n',
      ['3:5: rules[0].when is required (a string)'],
    ],
    [
      'an empty condition',
      "version: 1\nrules:\n  - { name: a, effect: deny, when: '' }\n",
      ['3:36: rules[0].when must not be empty'],
    ],
    [
      'duplicate rules',
      "version: 1\nrules:\n  - { name: a, effect: deny, when: 'true' }\n  - { name: a, effect: allow, when: 'true' }\n",
      ['4:13: rules[1]: duplicate name "a"'],
    ],
    [
      'a name with a line break',
      'version: 1\nrules:\n  - { name: "a\\nb", effect: deny, when: "true" }\n',
      ['3:13: rules[0].name must not contain control characters'],
    ],
    [
      'a long name',
      `version: 1\nrules:\n  - { name: ${'a'.repeat(129)}, effect: deny, when: "true" }\n`,
      ['3:13: rules[0].name must have at most 128 characters'],
    ],
    [
      'too many rules',
      `version: 1\nrules:\n${'  - { name: a, effect: deny, when: "true" }\n'.repeat(1001)}`,
      ['3:3: rules must have at most 1000 entries'],
    ],
    [
      'too many roles',
      `version: 1\nroles:\n${Array.from({ length: 201 }, (_, index) => `  r${index}: 'true'\n`).join('')}rules: []\n`,
      ['3:3: a policy has at most 200 roles'],
    ],
    [
      'an empty role name',
      'version: 1\nrules: []\nroles: { "": "true" }\n',
      ['3:10: roles: the key "" is not a valid name'],
    ],
    [
      'a grant to nobody',
      grants(`{ name: g, role: qa, expires: 2026-11-22T18:00:00Z, ${APPROVED} }`),
      ['5:5: grants[0]: exactly one of subject and group is required'],
    ],
    [
      'a grant to two',
      grants(
        `{ name: g, subject: a, group: b, role: qa, expires: 2026-11-22T18:00:00Z, ${APPROVED} }`,
      ),
      ['5:5: grants[0]: exactly one of subject and group is required'],
    ],
    [
      'a grant without end, approver and reason',
      grants('{ name: g, subject: a, role: qa }'),
      [
        '5:5: grants[0].expires is required (a string)',
        '5:5: grants[0].approved_by is required (a string)',
        '5:5: grants[0].reason is required (a string)',
      ],
    ],
    [
      'a grant of an unknown role',
      grants(`{ name: g, subject: a, role: qaa, expires: 2026-11-22T18:00:00Z, ${APPROVED} }`),
      ['5:34: grants[0].role: there is no role "qaa"; did you mean "qa"?'],
    ],
    [
      'a date that is not in the calendar',
      grants(`{ name: g, subject: a, role: qa, expires: 2026-02-30T18:00:00Z, ${APPROVED} }`),
      [
        '5:47: grants[0].expires must be an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z',
      ],
    ],
    [
      'a date without offset',
      grants(`{ name: g, subject: a, role: qa, expires: 2026-02-03T18:00:00, ${APPROVED} }`),
      [
        '5:47: grants[0].expires must be an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z',
      ],
    ],
    [
      'a grant that ends before it begins',
      grants(
        `{ name: g, subject: a, role: qa, not_before: 2026-11-22T18:00:00Z, expires: 2026-11-22T18:00:00Z, ${APPROVED} }`,
      ),
      ['5:81: grants[0].expires must be later than not_before'],
    ],
    [
      'duplicate grants',
      grants(
        ...Array(2).fill(
          `{ name: g, subject: a, role: qa, expires: 2026-11-22T18:00:00Z, ${APPROVED} }`,
        ),
      ),
      ['6:13: grants[1]: duplicate name "g"'],
    ],
    [
      'a test that expects something else',
      'version: 1\nrules: []\ntests:\n  - { name: t, expect: permit }\n',
      ['4:24: tests[0].expect.decision must be "allow" or "deny"'],
    ],
    [
      'a test that expects nothing',
      'version: 1\nrules: []\ntests:\n  - { name: t }\n',
      ['4:5: tests[0].expect is required (a map)'],
    ],
    [
      'a test of an unknown rule',
      'version: 1\nrules: []\ntests:\n  - { name: t, expect: { decision: deny, rule: x } }\n',
      ['4:48: tests[0]: there is no rule "x"'],
    ],
    [
      'a test that expects an allow with a code',
      'version: 1\nrules: []\ntests:\n  - { name: t, expect: { decision: allow, code: policy_denied } }\n',
      ['4:49: tests[0]: an allow has no code'],
    ],
    [
      'a test without subject',
      'version: 1\nrules: []\ntests:\n  - { name: t, given: { identity: { groups: [] } }, expect: deny }\n',
      ['4:35: tests[0]: given.identity needs a "sub"; it holds the claims of a token'],
    ],
    [
      'a test with a query in its path',
      'version: 1\nrules: []\ntests:\n  - { name: t, given: { request: { path: "/a?b" } }, expect: deny }\n',
      [
        '4:42: tests[0].given.request.path must start with "/" and hold no query; that goes to "query"',
      ],
    ],
    [
      'a misspelt field of a test',
      'version: 1\nrules: []\ntests:\n  - { name: t, given: { request: { header: {} } }, expect: deny }\n',
      ['4:36: tests[0].given.request: unknown field "header"; did you mean "headers"?'],
    ],
    [
      'a header of a test in upper case',
      'version: 1\nrules: []\ntests:\n  - { name: t, given: { request: { headers: { X-A: b } } }, expect: deny }\n',
      [
        '4:47: tests[0].given.request.headers: the key "X-A" must be the lower-case name of a header',
      ],
    ],
    [
      'a query of numbers in a test',
      'version: 1\nrules: []\ntests:\n  - { name: t, given: { request: { query: { a: 1 } } }, expect: deny }\n',
      ['4:48: tests[0].given.request.query.a must be a string or a list of strings'],
    ],
    [
      'a test without time of a policy that depends on it',
      "version: 1\nrules:\n  - { name: a, effect: allow, when: 'now.getHours() == 1' }\ntests:\n  - { name: t, expect: deny }\n",
      ['5:5: tests[0]: given.now is required, because the policy depends on time'],
    ],
  ])('refuses %s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => `policy.yaml:${problem}`));
  });
});

describe('the conditions of a policy', () => {
  it.each([
    [
      'an unknown variable',
      'identiy.subject == "x"',
      '6:11',
      'unknown variable "identiy"; did you mean "identity"?',
    ],
    [
      'an unknown field',
      'request.mehtod == "GET"',
      '6:19',
      'request has no field "mehtod"; did you mean "method"?',
    ],
    [
      'an unknown field by index',
      `'"a" in identity["grups"]'`,
      '6:19',
      'identity has no field "grups"; did you mean "groups"?',
    ],
    [
      'an unknown field of the actor',
      'identity.actor.subjct == "x"',
      '6:26',
      'identity.actor has no field "subjct"; did you mean "subject"?',
    ],
    [
      'an unknown field in has()',
      'has(identity.clams.amr)',
      '6:24',
      'identity has no field "clams"; did you mean "claims"?',
    ],
    [
      'an unknown method',
      'request.path.startWith("/")',
      '6:11',
      'unknown method "startWith"; did you mean "startsWith"?',
    ],
    [
      'an unknown function',
      'hasrole("qa")',
      '6:11',
      'unknown function "hasrole"; did you mean "has_role"?',
    ],
    ['an unknown role', 'has_role("qaa")', '6:20', 'there is no role "qaa"; did you mean "qa"?'],
    [
      'a role that is no string',
      'has_role(1)',
      '6:20',
      `found no matching overload for 'has_role(int)'`,
    ],
    ['an assignment', 'request.method = "GET"', '6:26', 'unexpected "="; compare with "=="'],
    ['a single ampersand', 'true & true', '6:16', 'unexpected "&"'],
    ['two values side by side', 'true true', '6:16', 'unexpected "true"'],
    ['an unfinished condition', '"true &&"', '6:19', 'the expression ends too early'],
    ['an open parenthesis', '"(true"', '6:17', 'expected ")", got the end'],
    ['an open string', "request.method == 'GET", '6:29', 'unterminated string'],
    ['a reserved word', 'true && if', '6:19', 'reserved identifier: if'],
    ['types that do not compare', 'request.method == 1', '6:11', 'no such overload: string == int'],
    ['types that do not add', `"'a' + 1 == 'a'"`, '6:12', 'no such overload: string + int'],
    [
      'a list of mixed types',
      `'"a" in ["a", 1]'`,
      '6:25',
      "list elements must have the same type, expected type 'string' but found 'int'",
    ],
    [
      'a condition that is a string',
      'request.path',
      '6:11',
      'a condition must be true or false, not of type string',
    ],
    [
      'an argument of the wrong type',
      'request.path.matches(1)',
      '6:11',
      "found no matching overload for 'string.matches(int)'",
    ],
    [
      'the whole identity',
      'type(identity) == map',
      '6:16',
      '"identity" can only be read field by field, as in identity.subject',
    ],
    [
      'the whole request',
      'dyn(request) == 1',
      '6:15',
      '"request" can only be read field by field, as in request.path',
    ],
    [
      'all headers',
      'size(request.headers) > 1',
      '6:24',
      'a header is read by its name, as in request.headers["x-request-id"]',
    ],
    [
      'a header in upper case',
      `'request.headers["X-A"] == "1"'`,
      '6:12',
      '"X-A" is not the lower-case name of a header',
    ],
    [
      'a header in upper case, looked for',
      `'"X-A" in request.headers'`,
      '6:12',
      '"X-A" is not the lower-case name of a header',
    ],
    [
      'a header whose name is worked out',
      'request.headers[labels.h] == "1"',
      '6:11',
      'the name of a header must be a string literal',
    ],
    [
      'a bad zone',
      'now.hour("Europe/Berln") == 1',
      '6:20',
      'unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?',
    ],
    [
      'a zone that is an offset',
      'now.weekday("+01:00") == "Mon"',
      '6:23',
      'unknown time zone "+01:00"',
    ],
    [
      'bad hours',
      'now.within("Mon-Fri 9-17", "UTC")',
      '6:22',
      '"9-17" is not of the form HH:MM-HH:MM',
    ],
    [
      'a bad date',
      'now < timestamp("2026-02-30T00:00:00Z")',
      '6:27',
      '"2026-02-30T00:00:00Z" is not an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z',
    ],
    [
      'a bad duration',
      'now - duration("5 min") < now',
      '6:26',
      '"5 min" is not a duration, such as 1h30m',
    ],
    [
      'a zone for a function in UTC',
      'now.getHours("UTC") == 1',
      '6:11',
      'getHours is in UTC and takes no zone; there are date(zone), hour(zone), weekday(zone)',
    ],
    [
      'a bad pattern',
      'request.path.matches("(")',
      '6:32',
      'error parsing regexp: missing closing ): `(`',
    ],
    [
      'a bad pattern, as a function',
      'matches(request.path, "a{2000}")',
      '6:33',
      'error parsing regexp: invalid repeat count: `{2000}`',
    ],
    [
      'a pattern of many repetitions',
      'request.path.matches("[ab]{0,900}")',
      '6:32',
      'the pattern repeats too much',
    ],
    [
      'a long pattern',
      `request.path.matches("${'a'.repeat(513)}")`,
      '6:32',
      'a pattern has at most 512 characters',
    ],
    [
      'a pattern only backtracking could match',
      'request.path.matches("(?=a)b")',
      '6:32',
      'error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      'an iteration variable that hides another',
      '"[1].all(now, true)"',
      '6:20',
      '"now" is already the name of a variable',
    ],
    [
      'loops in loops in loops',
      '"[1].all(a, [2].all(b, [3].all(c, true)))"',
      '6:34',
      'more than 2 of all, exists, map and filter inside each other',
    ],
    [
      'deep parentheses',
      `${'('.repeat(70)}true${')'.repeat(70)}`,
      '6:75',
      'more than 64 levels of nesting',
    ],
    ['deep negation', `"${'!'.repeat(70)}true"`, '6:77', 'nested deeper than 64 levels'],
    [
      'a long chain',
      `"${'true||'.repeat(520)}true"`,
      '6:12',
      'more than 512 operands of "||" in a row',
    ],
    ['a long list', `"1 in [${'1,'.repeat(256)}1]"`, '6:530', 'more than 256 elements in a list'],
    [
      'a long condition',
      `"${'a'.repeat(4097)}"`,
      '6:12',
      'an expression has at most 4096 characters',
    ],
  ])('refuses %s', (_, when, position, message) => {
    const [problem = '', ...others] = problemsOf(rule(when));
    expect(others).toEqual([]);
    expect(problem.split('\n')[0]).toBe(`policy.yaml:${position}: rules[0].when: ${message}`);
  });

  it('shows the line of the expression, with a caret', () => {
    const when = '>\n      request.method == "GET"\n      && request.pth == "/"\n';
    expect(problemsOf(rule(when))).toEqual([
      [
        'policy.yaml:8:18: rules[0].when: request has no field "pth"; did you mean "path"?',
        '    request.method == "GET" && request.pth == "/"',
        '                                       ^',
      ].join('\n'),
    ]);
  });

  it('reports mistakes of several conditions and fields at once, in the order of the text', () => {
    const text = `version: 1
roles:
  one: has_role("two")
  two: '"two" in identity.roles'
rules:
  - name: a
    effect: alow
    when: foo && bar
  - name: b
    effect: deny
    when: request.method == 1
`;
    expect(problemsOf(text).map((problem) => problem.split('\n')[0])).toEqual([
      'policy.yaml:3:8: roles.one: a role cannot depend on roles',
      'policy.yaml:4:27: roles.two: a role cannot depend on roles',
      'policy.yaml:7:13: rules[0].effect must be "allow" or "deny"',
      'policy.yaml:8:11: rules[0].when: unknown variable "foo"',
      'policy.yaml:8:18: rules[0].when: unknown variable "bar"',
      'policy.yaml:11:11: rules[1].when: no such overload: string == int',
    ]);
  });

  it('reports fifty mistakes and counts the others', () => {
    const rules = Array.from(
      { length: 60 },
      (_, index) => `  - { name: r${index}, effect: x, when: 'true' }\n`,
    );
    const problems = problemsOf(`version: 1\nrules:\n${rules.join('')}`);
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toBe('policy.yaml: 10 more problems');
  });
});
