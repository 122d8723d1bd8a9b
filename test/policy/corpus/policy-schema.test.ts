import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fieldNames } from '../../../src/policy/document/schema.ts';
import { loadPolicy } from '../../../src/policy/load-policy.ts';
import { type JsonSchema, matchesSchema } from './matches-schema.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const location = path.join(root, 'docs/policy.schema.json');
const schema = JSON.parse(readFileSync(location, 'utf8'));

const files = execFileSync('git', ['ls-files', 'policy.yaml', 'examples/**/policy.yaml'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

const GRANT = { name: 'g', expires: '2026-11-22T18:00:00Z', approved_by: 'bob', reason: 'x' };
const RULE = { name: 'a', effect: 'allow', when: 'true' };
const DENY = { ...RULE, effect: 'deny' };

function policy(changes: Record<string, unknown>): Record<string, unknown> {
  return { version: 1, rules: [RULE], roles: { qa: 'true' }, ...changes };
}

function loads(document: Record<string, unknown>): boolean {
  try {
    loadPolicy(JSON.stringify(document), 'policy.yaml');
    return true;
  } catch {
    return false;
  }
}

describe('the JSON Schema of policies', () => {
  it('is written anew where the schema of policies has changed', () => {
    const script = path.join(root, 'scripts/policy-schema.ts');
    const run = () =>
      execFileSync(process.execPath, ['--import', 'tsx', script, '--check'], {
        cwd: root,
        stdio: 'pipe',
      });
    expect(run).not.toThrow();
  });

  it('names every field', () => {
    const named = (of: JsonSchema) => Object.keys(Object(of.properties));
    const { rules, grants, tests } = schema.properties;
    const given = tests.items.properties.given.properties;
    expect(named(schema)).toEqual(fieldNames([]));
    expect(named(rules.items)).toEqual(fieldNames(['rules', 0]));
    expect(named(rules.items.properties.step_up)).toEqual(fieldNames(['rules', 0, 'step_up']));
    expect(named(grants.items)).toEqual(fieldNames(['grants', 0]));
    expect(named(tests.items)).toEqual(fieldNames(['tests', 0]));
    expect(Object.keys(given)).toEqual(fieldNames(['tests', 0, 'given']));
    expect(named(given.request)).toEqual(fieldNames(['tests', 0, 'given', 'request']));
    expect(named(tests.items.properties.expect.anyOf[1])).toEqual(
      fieldNames(['tests', 0, 'expect']),
    );
  });

  it.each(files)('describes %s, whose first line names it and which loads', (file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? '';
    expect(path.resolve(root, path.dirname(file), named)).toBe(location);
    expect(matchesSchema(parse(text), schema)).toBe(true);
    expect(() => loadPolicy(text, file)).not.toThrow();
  });

  it.each([
    ['nothing but rules', policy({})],
    ['a shadow rule', policy({ rules: [{ ...RULE, shadow: true }] })],
    ['headers', policy({ rules: [{ ...RULE, headers: { 'x-team': 'a b' } }] })],
    ['a step up', policy({ rules: [{ ...DENY, step_up: { max_age: 60 } }] })],
    ['a calendar', policy({ holidays: { germany: ['2026-12-25'] } })],
    ['a grant of a rule', policy({ grants: [{ ...GRANT, group: 'b', rule: 'a', max_uses: 3 }] })],
    ['a test', policy({ tests: [{ name: 't', expect: 'allow' }] })],
    [
      'a test with a body',
      policy({
        tests: [
          { name: 't', given: { request: { body: [{ a: null }] } }, expect: { decision: 'allow' } },
        ],
      }),
    ],
  ])('accepts %s, as loading does', (_, document) => {
    expect(matchesSchema(document, schema)).toBe(true);
    expect(loads(document)).toBe(true);
  });

  it.each([
    ['no rules', { version: 1 }],
    ['another version', policy({ version: 2 })],
    ['an unknown field', policy({ grant: [] })],
    ['an unknown effect', policy({ rules: [{ ...RULE, effect: 'permit' }] })],
    ['a condition that is not a string', policy({ rules: [{ ...RULE, when: true }] })],
    ['a shadow that is a word', policy({ rules: [{ ...RULE, shadow: 'yes' }] })],
    ['a header with a line break', policy({ rules: [{ ...RULE, headers: { a: 'b\nc' } }] })],
    ['an account elsewhere', policy({ rules: [{ ...RULE, run_as: 'a@example.com' }] })],
    ['an empty step up', policy({ rules: [{ ...DENY, step_up: {} }] })],
    ['a calendar with a space in its name', policy({ holidays: { 'a b': [] } })],
    ['a grant to nobody', policy({ grants: [{ ...GRANT, role: 'qa' }] })],
    ['a grant of nothing', policy({ grants: [{ ...GRANT, subject: 'a' }] })],
    ['a grant of two', policy({ grants: [{ ...GRANT, subject: 'a', role: 'qa', rule: 'a' }] })],
    ['no uses', policy({ grants: [{ ...GRANT, subject: 'a', role: 'qa', max_uses: 0 }] })],
    ['a test that expects something else', policy({ tests: [{ name: 't', expect: 'permit' }] })],
  ])('refuses %s, as loading does', (_, document) => {
    expect(matchesSchema(document, schema)).toBe(false);
    expect(loads(document)).toBe(false);
  });
});
