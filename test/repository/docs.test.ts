import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';

function yamlBlocks(file: string): string[] {
  const page = readFileSync(path.join(REPOSITORY, file), 'utf8');
  return [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
}

it('shows a policy in docs/policies.md that loads and passes its own tests', () => {
  const [policy = ''] = yamlBlocks('docs/policies.md');
  const results = runPolicyTests(loadPolicy(policy, 'docs/policies.md'));
  expect(results.map(({ passed }) => passed)).toEqual([true]);
});

it('shows a rule in the README that policy.yaml holds', () => {
  const rule = yamlBlocks('README.md').find((block) => block.startsWith('- name:')) ?? '';
  const policy = readFileSync(path.join(REPOSITORY, 'policy.yaml'), 'utf8');
  expect(rule).not.toBe('');
  expect(policy.replaceAll(/^ {2}/gm, '')).toContain(rule);
});
