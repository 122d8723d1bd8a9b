import { foldHeaderName } from '../../core/fold-header-name.ts';
import { LIMITS } from '../limits.ts';
import type { Report } from './check-grants.ts';
import type { PolicyDocument } from './schema.ts';

/** Fields that only mean something where their rule decides this way. */
const FIELDS = { headers: 'allow', run_as: 'allow', step_up: 'deny' } as const;

/** Checks what the shape of a rule cannot say. */
export function checkRules(rules: PolicyDocument['rules'], report: Report): void {
  const headers = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    for (const [field, effect] of Object.entries(FIELDS) as [keyof typeof FIELDS, string][]) {
      if (rule[field] !== undefined && rule.effect !== effect) {
        const message = `rules[${index}].${field}: only for a rule whose effect is ${effect}`;
        report(['rules', index, field], message);
      }
    }
    for (const name of Object.keys(rule.headers ?? {})) headers.add(foldHeaderName(name));
  }
  if (headers.size > LIMITS.upstream_headers) {
    report(['rules'], `the rules of a policy set at most ${LIMITS.upstream_headers} headers`);
  }
}
