import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';

const text = readFileSync(path.join(REPOSITORY, 'policy.yaml'), 'utf8');
const results = runPolicyTests(loadPolicy(text, 'policy.yaml'));

it.each(results.map((result) => [result.name, result] as const))('policy.yaml: %s', (_, result) => {
  expect(result.actual).toMatchObject(result.expected);
  expect(result.passed).toBe(true);
});

it('policy.yaml brings its own tests', () => {
  expect(results.length).toBeGreaterThan(0);
});
