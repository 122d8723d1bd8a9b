import { ConfigError } from '../../src/core/config-error.ts';
import type { Identity, IdentityVerdict } from '../../src/core/identity.ts';
import type { Question } from '../../src/policy/decide.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';

export const NOON = Date.parse('2026-11-20T12:00:00Z');

export const ALICE: Identity = {
  subject: 'alice@example.com',
  issuer: 'https://id.example.com',
  email: 'alice@example.com',
  groups: ['qa-leads'],
  scopes: ['tasks:run'],
  actor: null,
  claims: { sub: 'alice@example.com', groups: ['qa-leads'], team: 'payments' },
};

export const VERDICT = {
  outcome: 'authenticated',
  identity: ALICE,
  token: { jti: 'token-1', fingerprint: '0123456789abcdef' },
} as const satisfies IdentityVerdict;

export function question(changes: Partial<Question> = {}): Question {
  return {
    identity: ALICE,
    request: { method: 'GET', path: '/tasks/7' },
    labels: new Map([['env', 'staging']]),
    route: 'tasks',
    service: 'runner',
    now: NOON,
    ...changes,
  };
}

export interface RuleText {
  name: string;
  effect: 'allow' | 'deny';
  when: string;
  shadow?: boolean;
  headers?: Record<string, string>;
  run_as?: string;
  step_up?: { acr_values?: string[]; max_age?: number };
}

/** What is wrong with a policy, without where. */
export function problemsOf(
  rules: readonly RuleText[],
  others: Record<string, unknown> = {},
): string[] {
  try {
    policyOf(rules, others);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(/^policy\.yaml:\d+:\d+: /, ''));
  }
  return [];
}

/** JSON is YAML, so policies can be written as objects where their positions do not matter. */
export function policyOf(rules: readonly RuleText[], others: Record<string, unknown> = {}): Policy {
  return loadPolicy(policyText(rules, others), 'policy.yaml');
}

export function policyText(
  rules: readonly RuleText[],
  others: Record<string, unknown> = {},
): string {
  return JSON.stringify({ version: 1, ...others, rules });
}

export function allow(name: string, when: string): RuleText {
  return { name, effect: 'allow', when };
}

export function deny(name: string, when: string): RuleText {
  return { name, effect: 'deny', when };
}
