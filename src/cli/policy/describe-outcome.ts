import type { PolicyTest } from '../../policy/document/schema.ts';
import type { TestOutcome } from '../../policy/run-policy-tests.ts';

/** `allow by rule "x", through grant "y"`, `deny, as no rule matched`. */
export function describeOutcome({ decision, code, rule, grant, error }: TestOutcome): string {
  if (error !== null) return `${decision} (${code}): ${error}`;
  if (rule === null) return `${decision}, as no rule matched`;
  const how = code === null || code === 'policy_denied' ? '' : ` (${code})`;
  return `${decision}${how} by rule "${rule}"${grant === null ? '' : `, through grant "${grant}"`}`;
}

export function describeExpectation({ decision, rule, code }: PolicyTest['expect']): string {
  const by = rule === null ? ', as no rule matches' : ` by rule "${rule}"`;
  return `${decision}${rule === undefined ? '' : by}${code === undefined ? '' : ` (${code})`}`;
}
