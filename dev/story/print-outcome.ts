import { styleText } from 'node:util';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import type { Outcome } from './run-story.ts';

/** One step of the story in a few lines: the request, what came of it, which rule decided, what the service saw. */
export function printOutcome(outcome: Outcome, number: number): string {
  const { step, differences } = outcome;
  const good = differences.length === 0;
  const mark = good ? styleText('green', '✓') : styleText('red', '✗');
  const lines = [
    `${mark} ${String(number).padStart(2)}. ${styleText('bold', step.title)}`,
    `      ${step.method} ${step.path} → ${result(outcome)}  (expected: ${expectation(outcome)})`,
  ];
  if (outcome.audit) lines.push(`      audit: ${decision(outcome.audit)}`);
  if (outcome.upstream) lines.push(`      the service saw: ${seen(outcome.upstream)}`);
  lines.push(...differences.map((difference) => styleText('red', `      ${difference}`)));
  return lines.join('\n');
}

function result({ status, code }: Outcome): string {
  const text = code === null ? String(status) : `${status} ${code}`;
  return styleText(status < 400 ? 'green' : 'yellow', text);
}

function expectation({ step: { expect } }: Outcome): string {
  return expect.code === undefined ? String(expect.status) : `${expect.status} ${expect.code}`;
}

function decision(audit: JsonObject): string {
  const grant = typeof audit.grant === 'string' ? ` by grant ${audit.grant}` : '';
  if (audit.rule !== null) return `${audit.decision} by rule ${audit.rule}${grant}`;
  const undecided = audit.code === 'policy_denied' ? 'no rule allows it' : String(audit.code);
  return `${audit.decision}, ${undecided}`;
}

function seen(upstream: JsonObject): string {
  const headers = isJsonObject(upstream.headers) ? upstream.headers : {};
  const invoker = isJsonObject(upstream.invoker) ? upstream.invoker : {};
  const subject = headers['x-authenticated-subject'];
  const user = subject === undefined ? 'no user' : `user ${subject}`;
  return `${upstream.method} ${upstream.path} for ${user}, sent by ${invoker.email}`;
}
