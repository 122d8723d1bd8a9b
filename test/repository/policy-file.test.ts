import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';

describe.each(['policy.yaml', 'examples/sidecar/policy.yaml'])('%s', (file) => {
  const text = readFileSync(path.join(REPOSITORY, file), 'utf8');
  const results = runPolicyTests(loadPolicy(text, file));

  it.each(results.map((result) => [result.name, result] as const))('%s', (_, result) => {
    expect(result.actual).toMatchObject(result.expected);
    expect(result.passed).toBe(true);
  });

  it('brings its own tests', () => {
    expect(results.length).toBeGreaterThan(0);
  });
});
