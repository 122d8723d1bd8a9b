import { unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decide } from '../../../src/policy/decide.ts';
import type { PolicySource } from '../../../src/policy/source/policy-source.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import { allow, deny, NOON, policyText, question } from '../support.ts';
import { createDirectory, createRig, type Directory, type Rig } from './support.ts';

const EXPIRES = '2026-11-22T18:00:00Z';

function grant(name: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name,
    subject: 'alice@example.com',
    role: 'operator',
    expires: EXPIRES,
    approved_by: 'bob@example.com',
    reason: 'restore from backup',
    ...changes,
  };
}

const RULES = [allow('operators', 'has_role("operator")'), deny('never', 'false')];

let directory: Directory;
let policy_file: string;
let grants_file: string;
let rig: Rig;
let source: PolicySource;
beforeEach(() => {
  directory = createDirectory();
  policy_file = directory.path('policy.yaml');
  grants_file = directory.path('grants.yaml');
  writePolicy({ roles: { operator: 'false' }, grants: [grant('in-policy', { subject: 'carol' })] });
  rig = createRig();
});
afterEach(() => directory.remove());

function writePolicy(others: Record<string, unknown>): void {
  writeFileSync(policy_file, policyText(RULES, others));
}

async function open(grants: readonly unknown[] | string): Promise<void> {
  write(grants);
  source = rig.open({ policy_file, grants_file });
  await source.ready();
  await rig.poll();
}

function write(grants: readonly unknown[] | string): void {
  writeFileSync(grants_file, typeof grants === 'string' ? grants : JSON.stringify(grants));
}

const names = () => source.current().grants.map(({ name }) => name);
const problems = () => rig.log.flatMap(({ fields }) => fields.problems ?? []);

describe('a grants file', () => {
  it('gives what it grants, beside the grants of the policy', async () => {
    await open([grant('INC-1')]);
    expect(names()).toEqual(['in-policy', 'INC-1']);
    expect(decide(source.current(), question({ now: NOON }))).toMatchObject({
      outcome: 'allow',
      rule: 'operators',
      grant: 'INC-1',
    });
    expect(decide(source.current(), question({ now: Date.parse(EXPIRES) })).outcome).toBe('deny');
    expect(rig.log).toEqual([]);
  });

  it('may be YAML, and may grant the word of a rule', async () => {
    await open(
      `- name: INC-1
  group: qa-leads
  rule: operators
  max_uses: 3
  expires: ${EXPIRES}
  approved_by: bob
  reason: because
`,
    );
    expect(source.current().grants[1]).toMatchObject({
      rule: 'operators',
      role: null,
      max_uses: 3,
    });
  });

  it('may say that there are no grants', async () => {
    await open('[]');
    expect(names()).toEqual(['in-policy']);
    expect(rig.log).toEqual([]);
  });

  it('is in force once it has changed, and takes away what it does not grant any more', async () => {
    await open([grant('INC-1')]);
    write([grant('INC-2')]);
    await rig.settle();
    expect(names()).toEqual(['in-policy', 'INC-2']);
    write('[]');
    await rig.settle();
    expect(names()).toEqual(['in-policy']);
  });

  it('keeps the version of the policy, and one object while nothing changes', async () => {
    await open([grant('INC-1')]);
    const before = source.current();
    await rig.settle();
    expect(source.current()).toBe(before);
    expect(before.version).toBe(rig.load.mock.results[0]?.value.version);
  });

  it('is judged anew by a policy that has changed', async () => {
    await open([grant('INC-1'), grant('INC-2', { role: 'auditor' })]);
    expect(names()).toEqual(['in-policy', 'INC-1']);
    writePolicy({ roles: { operator: 'false', auditor: 'false' } });
    await rig.settle();
    expect(names()).toEqual(['INC-1', 'INC-2']);
    expect(rig.log.at(-1)).toMatchObject({
      level: 'info',
      message: 'all grants of the file count',
    });
  });
});

describe('a grant that is not right', () => {
  it.each([
    [
      'misses a field',
      { reason: undefined },
      /:1:\d+: grant "BAD" is ignored: \[1\]\.reason is required/,
    ],
    [
      'has an unknown field',
      { until: 'x' },
      /grant "BAD" is ignored: \[1\]: unknown field "until"/,
    ],
    ['has a misspelt role', { role: 'operater' }, /there is no role "operater".*"operator"/],
    ['names a rule that denies', { role: undefined, rule: 'never' }, /"never" does not allow/],
    ['is for nobody', { subject: undefined }, /exactly one of subject and group is required/],
    ['has no real time', { expires: 'tomorrow' }, /\[1\]\.expires must be an RFC 3339 date-time/],
    ['ends before it begins', { not_before: '2027-01-01T00:00:00Z' }, /later than not_before/],
    [
      'has the name of another',
      { name: 'INC-1' },
      /grant "INC-1" is ignored: \[1\]\.name: another grant has this name/,
    ],
    ['has the name of one in the policy', { name: 'in-policy' }, /another grant has this name/],
  ])('is ignored and reported where it %s, and the others count', async (_, changes, problem) => {
    await open([grant('INC-1'), grant('BAD', changes), grant('INC-2')]);
    expect(names()).toEqual(['in-policy', 'INC-1', 'INC-2']);
    await rig.settle();
    expect(rig.log).toEqual([
      {
        level: 'error',
        fields: { grants_file, problems: [expect.stringMatching(problem)] },
        message: 'grants of the file are ignored',
      },
    ]);
  });

  it('does not replace the grant of the policy whose name it has', async () => {
    await open([grant('in-policy')]);
    expect(source.current().grants).toMatchObject([{ name: 'in-policy', subject: 'carol' }]);
  });

  it('is reported with its place in the file', async () => {
    await open(`- { name: INC-1, subject: a, role: operator, expires: ${EXPIRES}, approved_by: b, reason: c }
-
  name: INC-2
  subject: a
  role: nobody
  expires: ${EXPIRES}
  approved_by: b
  reason: c
- not a grant
- jws: eyJ.a.b
`);
    expect(problems()).toEqual([
      expect.stringMatching(/grants\.yaml:5:9: grant "INC-2" is ignored: \[1\]\.role: there is no/),
      expect.stringMatching(/grants\.yaml:9:3: a grant is ignored: \[2\] must be a map/),
      expect.stringMatching(/grants\.yaml:10:3: a grant is ignored: \[3\]: it is signed, but/),
    ]);
  });

  it('is one of a thousand that are told by the first fifty', async () => {
    await open(Array.from({ length: 1000 }, (_, index) => grant(`INC-${index}`, { role: 'x' })));
    expect(problems()).toHaveLength(51);
    expect(problems().at(-1)).toMatch(/at least \d+ more problems$/);
  });
});

describe('a grants file that cannot be used', () => {
  it.each([
    ['is empty', '\n', /:1:1: the file is empty; \[\] says that there are no grants/],
    ['is no list', '{ "name": "INC-1" }', /:1:1: must be a list of grants/],
    ['is no YAML', '[1', /:1:3: /],
    ['is too long a list', JSON.stringify(Array(1001).fill(1)), /must have at most 1000 entries/],
  ])('leaves its last good grants in force where it %s', async (_, text, problem) => {
    await open([grant('INC-1')]);
    write(text);
    await rig.settle();
    await rig.settle();
    const counted = countCacheResults('policies');
    expect(names()).toEqual(['in-policy', 'INC-1']);
    expect(counted()).toEqual({ stale: 1 });
    expect(rig.log).toMatchObject([
      { level: 'error', fields: { problems: [expect.stringMatching(problem)] } },
    ]);
    write([grant('INC-2')]);
    await rig.settle();
    expect(names()).toEqual(['in-policy', 'INC-2']);
    expect(rig.log).toHaveLength(2);
  });

  it('leaves them in force, until they expire, where it is deleted', async () => {
    await open([grant('INC-1')]);
    unlinkSync(grants_file);
    await rig.settle();
    expect(names()).toEqual(['in-policy', 'INC-1']);
    expect(decide(source.current(), question({ now: Date.parse(EXPIRES) })).outcome).toBe('deny');
  });

  it('does not keep the policy from deciding where it was never there', async () => {
    source = rig.open({ policy_file, grants_file });
    await source.ready();
    expect(names()).toEqual(['in-policy']);
    expect(rig.log).toMatchObject([
      { level: 'error', message: 'the grants file cannot be used; no version of it is in force' },
    ]);
    write([grant('INC-1')]);
    await rig.settle();
    expect(names()).toEqual(['in-policy', 'INC-1']);
  });
});
