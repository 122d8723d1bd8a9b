import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import { loadPolicy } from '../../../src/policy/load-policy.ts';
import * as suggestions from '../../../src/policy/suggest.ts';

function problemsOf(text: string): readonly string[] {
  try {
    loadPolicy(text, 'policy.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');
}

const LONG = 'role'.repeat(30);
const ROLES = `roles:\n${lines(200, (index) => `  ${LONG}-${index}: 'true'`)}`;

function rules(count: number, when: (index: number) => string): string {
  return `rules:\n${lines(count, (index) => `  - { name: r${index}, effect: allow, when: '${when(index)}' }`)}`;
}

const SHAPES: [string, string][] = [
  [
    'roles with long names that do not exist',
    `version: 1\n${ROLES}${rules(1000, (index) => `has_role("${LONG}-x${index}")`)}`,
  ],
  [
    'unknown variables',
    `version: 1\n${rules(1000, () => lines(80, (index) => `lables${index} ||`).replaceAll('\n', ' '))}`.replaceAll(
      "|| ' }",
      "|| true' }",
    ),
  ],
  ['unknown fields', `version: 1\nrules: []\n${lines(30_000, (index) => `rule${index}: 1`)}`],
  [
    'unknown fields of rules',
    `version: 1\nrules:\n${lines(1000, (index) => `  - { nam: r${index}, efect: allow, wen: 'true' }`)}`,
  ],
  [
    'grants of unknown roles',
    `version: 1\nrules: []\n${ROLES}grants:\n${lines(
      1000,
      (index) =>
        `  - { name: g${index}, subject: a, role: rolle, expires: 2026-11-22T18:00:00Z, approved_by: b, reason: c }`,
    )}`,
  ],
];

describe('a policy with very many mistakes', () => {
  it.each(SHAPES)('looks for names for the fifty that are shown only: %s', (_, text) => {
    const suggest = vi.spyOn(suggestions, 'suggest');
    const problems = problemsOf(text);
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toMatch(/^policy\.yaml: at least \d+ more problems$/);
    expect(suggest.mock.calls.length).toBeGreaterThan(0);
    expect(suggest.mock.calls.length).toBeLessThanOrEqual(50);
  });

  it('is refused soon', () => {
    const started = performance.now();
    for (const [, text] of SHAPES.slice(0, 3)) problemsOf(text);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
