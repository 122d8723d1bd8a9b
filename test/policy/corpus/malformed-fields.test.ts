import { readFileSync } from 'node:fs';
import path from 'node:path';
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

/** A rule whose further fields begin in line 6, column 5. */
function rule(effect: 'allow' | 'deny', ...lines: string[]): string {
  const fields = lines.map((line) => `    ${line}\n`).join('');
  return `version: 1\nrules:\n  - name: a\n    effect: ${effect}\n    when: 'true'\n${fields}`;
}

function holidays(...lines: string[]): string {
  return `version: 1\nrules: []\nholidays:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** A grant whose further fields begin in line 13, column 5. */
function grant(...lines: string[]): string {
  const fields = lines.map((line) => `    ${line}\n`).join('');
  return `version: 1
roles: { qa: 'true' }
rules:
  - { name: open, effect: allow, when: 'true' }
  - { name: shut, effect: deny, when: 'true' }
grants:
  - name: g
    subject: alice
    expires: 2026-11-22T18:00:00Z
    approved_by: bob
    reason: |
      x
${fields}`;
}

const CASES: [string, string, string[]][] = [
  [
    'a shadow that is a word',
    rule('deny', 'shadow: yes'),
    ['6:13: rules[0].shadow must be true or false'],
  ],
  [
    'a shadow that is a number',
    rule('deny', 'shadow: 1'),
    ['6:13: rules[0].shadow must be true or false'],
  ],
  [
    'a shadow that is nothing',
    rule('deny', 'shadow:'),
    ['6:12: rules[0].shadow must be true or false'],
  ],
  [
    'a misspelt shadow',
    rule('deny', 'shadwo: true'),
    ['6:5: rules[0]: unknown field "shadwo"; did you mean "shadow"?'],
  ],
  [
    'headers of a deny rule',
    rule('deny', 'headers: { x-team: a }'),
    ['6:14: rules[0].headers: only for a rule whose effect is allow'],
  ],
  [
    'headers that are a list',
    rule('allow', 'headers: [x-team]'),
    ['6:14: rules[0].headers must be a map'],
  ],
  [
    'a header that is a number',
    rule('allow', 'headers:', '  x-level: 3'),
    ['7:16: rules[0].headers.x-level must be a string; put it in quotes'],
  ],
  [
    'a header that ends in a space',
    rule('allow', 'headers:', '  x-team: "a "'),
    ['7:15: rules[0].headers.x-team must be printable ASCII without a space at either end'],
  ],
  [
    'a header with a line break',
    rule('allow', 'headers:', '  x-team: "a\\nx-admin: 1"'),
    ['7:15: rules[0].headers.x-team must be printable ASCII without a space at either end'],
  ],
  [
    'a header with other letters',
    rule('allow', 'headers:', '  x-team: é'),
    ['7:15: rules[0].headers.x-team must be printable ASCII without a space at either end'],
  ],
  [
    'a long header',
    rule('allow', 'headers:', `  x-team: ${'a'.repeat(1025)}`),
    ['7:15: rules[0].headers.x-team must have at most 1024 characters'],
  ],
  [
    'a header with a space in its name',
    rule('allow', 'headers:', '  x team: a'),
    [
      '7:7: rules[0].headers: the key "x team" must be an HTTP header name, must not read like a header that HTTP itself or the gateway uses',
    ],
  ],
  [
    'a header that says who is asking',
    rule('allow', 'headers:', '  x-consumer-id: a'),
    ['7:7: rules[0].headers: the key "x-consumer-id" must not be a header that says who is asking'],
  ],
  [
    'a header with credentials',
    rule('allow', 'headers:', '  Authorization: a'),
    [
      '7:7: rules[0].headers: the key "Authorization" must not be a header that carries credentials',
    ],
  ],
  [
    'a header of HTTP itself',
    rule('allow', 'headers:', '  transfer_encoding: chunked'),
    [
      '7:7: rules[0].headers: the key "transfer_encoding" must not read like a header that HTTP itself or the gateway uses',
    ],
  ],
  [
    'a header in two spellings',
    rule('allow', 'headers:', '  X-Team: a', '  x_team: b'),
    [
      '7:7: rules[0].headers must name each header once; names that differ only in case or in - and _ are the same',
    ],
  ],
  [
    'an account of a deny rule',
    rule('deny', 'run_as: a@b.iam.gserviceaccount.com'),
    ['6:13: rules[0].run_as: only for a rule whose effect is allow'],
  ],
  [
    'an account elsewhere',
    rule('allow', 'run_as: a@example.com'),
    ['6:13: rules[0].run_as must be the e-mail of a service account'],
  ],
  [
    'an account with another end',
    rule('allow', 'run_as: a@b.gserviceaccount.com.evil.com'),
    ['6:13: rules[0].run_as must be the e-mail of a service account'],
  ],
  ['two accounts', rule('allow', 'run_as: [a, b]'), ['6:13: rules[0].run_as must be a string']],
  [
    'a step up of an allow rule',
    rule('allow', 'step_up: { max_age: 60 }'),
    ['6:14: rules[0].step_up: only for a rule whose effect is deny'],
  ],
  [
    'an empty step up',
    rule('deny', 'step_up: {}'),
    ['6:14: rules[0].step_up must have acr_values or max_age'],
  ],
  [
    'a step up to no value',
    rule('deny', 'step_up:', '  acr_values: []'),
    ['7:19: rules[0].step_up.acr_values must not be empty'],
  ],
  [
    'a step up to values in one',
    rule('deny', 'step_up:', '  acr_values: [phr phrh]'),
    ['7:20: rules[0].step_up.acr_values[0] must be one value without spaces'],
  ],
  [
    'a step up to a word',
    rule('deny', 'step_up:', '  acr_values: phr'),
    ['7:19: rules[0].step_up.acr_values must be a list'],
  ],
  [
    'a step up with a quote',
    rule('deny', 'step_up:', "  acr_values: ['a\"']"),
    ['7:20: rules[0].step_up.acr_values[0] must be one value without spaces'],
  ],
  [
    'a negative age',
    rule('deny', 'step_up:', '  max_age: -1'),
    ['7:16: rules[0].step_up.max_age must be at least 0'],
  ],
  [
    'an age in words',
    rule('deny', 'step_up:', '  max_age: 5m'),
    ['7:16: rules[0].step_up.max_age must be a number'],
  ],
  [
    'an age in parts',
    rule('deny', 'step_up:', '  max_age: 1.5'),
    ['7:16: rules[0].step_up.max_age must be a whole number'],
  ],
  [
    'an age of years',
    rule('deny', 'step_up:', '  max_age: 31536001'),
    ['7:16: rules[0].step_up.max_age must be at most 31536000'],
  ],
  [
    'a misspelt field of a step up',
    rule('deny', 'step_up:', '  acr_value: [phr]'),
    [
      '7:7: rules[0].step_up: unknown field "acr_value"; did you mean "acr_values"?',
      '7:7: rules[0].step_up must have acr_values or max_age',
    ],
  ],
  [
    'holidays that are a list',
    'version: 1\nrules: []\nholidays: [2026-12-25]\n',
    ['3:11: holidays must be a map'],
  ],
  [
    'a calendar of one date',
    holidays('germany: 2026-12-25'),
    ['4:12: holidays.germany must be a list'],
  ],
  [
    'a date that is not in the calendar',
    holidays('germany: [2026-12-25, 2026-02-30]'),
    ['4:25: holidays.germany[1] must be a date, such as 2026-12-25'],
  ],
  [
    'a date the other way round',
    holidays('germany:', '  - 25.12.2026'),
    ['5:7: holidays.germany[0] must be a date, such as 2026-12-25'],
  ],
  [
    'a date with a time',
    holidays('germany:', '  - 2026-12-25T00:00:00Z'),
    ['5:7: holidays.germany[0] must be a date, such as 2026-12-25'],
  ],
  [
    'a calendar with a dash in its name',
    holidays('new-york: []'),
    ['4:3: holidays: the key "new-york" must be of letters, digits and _'],
  ],
  ['a calendar twice', holidays('a: []', 'a: []'), ['5:3: duplicate key "a"']],
  [
    'an unknown calendar',
    `${rule('deny', 'shadow: true').replace("'true'", `now.date("UTC") in holidays.grmany`)}holidays: { germany: [] }\n`,
    ['5:39: rules[0].when: holidays has no calendar "grmany"; did you mean "germany"?'],
  ],
  ['a grant of nothing', grant(), ['7:5: grants[0]: exactly one of role and rule is required']],
  [
    'a grant of a role and a rule',
    grant('role: qa', 'rule: open'),
    ['7:5: grants[0]: exactly one of role and rule is required'],
  ],
  [
    'a grant of an unknown rule',
    grant('rule: opne'),
    ['13:11: grants[0].rule: there is no rule "opne"; did you mean "open"?'],
  ],
  [
    'a grant of a rule that denies',
    grant('rule: shut'),
    ['13:11: grants[0].rule: "shut" does not allow'],
  ],
  ['a grant of an empty rule', grant("rule: ''"), ['13:11: grants[0].rule must not be empty']],
  [
    'a grant of no use',
    grant('rule: open', 'max_uses: 0'),
    ['14:15: grants[0].max_uses must be at least 1'],
  ],
  [
    'a grant of many uses',
    grant('rule: open', 'max_uses: 1001'),
    ['14:15: grants[0].max_uses must be at most 1000'],
  ],
  [
    'a grant of uses in parts',
    grant('rule: open', 'max_uses: 2.5'),
    ['14:15: grants[0].max_uses must be a whole number'],
  ],
  [
    'a grant of uses in words',
    grant('rule: open', 'max_uses: once'),
    ['14:15: grants[0].max_uses must be a number'],
  ],
  [
    'a misspelt max_uses',
    grant('rule: open', 'max_use: 1'),
    ['14:5: grants[0]: unknown field "max_use"; did you mean "max_uses"?'],
  ],
];

describe('the fields of rules, calendars and grants', () => {
  it.each(CASES)('refuses %s', (_, text, problems) => {
    expect(problemsOf(text).map((problem) => problem.split('\n')[0])).toEqual(
      problems.map((problem) => `policy.yaml:${problem}`),
    );
  });
});

describe('the corpus of malformed policies', () => {
  it('has at least sixty with a position, beside those of this file', () => {
    const corpus = readFileSync(
      path.resolve(import.meta.dirname, '../document/malformed.test.ts'),
      'utf8',
    );
    expect(corpus.match(/'\d+:\d+(?::|')/g)?.length).toBeGreaterThanOrEqual(60);
    expect(CASES.length).toBeGreaterThanOrEqual(40);
  });
});
