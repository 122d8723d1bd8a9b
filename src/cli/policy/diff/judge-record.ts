import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { isJsonObject, ownMember } from '../../../core/json.ts';
import type { Expression } from '../../../policy/cel/compile-expression.ts';
import { hideUnrecorded, type Recorded } from '../../../policy/cel/hide-unrecorded.ts';
import { decide, type Question } from '../../../policy/decide.ts';
import type { Policy, Rule } from '../../../policy/policy.ts';
import { toQuestion } from '../../../policy/test-question.ts';
import type { AuditRecord } from './read-audit-log.ts';

export interface Outcome {
  readonly decision: 'allow' | 'deny';
  readonly code: string | null;
  readonly rule: string | null;
}

/** What a record does not say and the policy would have to know, as rules spell it. */
export interface Unknown {
  readonly missing: ReadonlySet<string>;
}

/**
 * Decides the request that an audit record tells of. Rules that read what is not recorded cannot be evaluated; where
 * the others settle the matter, it is settled.
 *
 * @param listed claims that `audit.fields` listed, so that a record without them says that the token lacked them
 */
export function judgeRecord(
  policy: Policy,
  record: AuditRecord,
  listed: readonly string[],
): Outcome | Unknown {
  if (record.path.endsWith('…')) return { missing: new Set(['request.path']) };
  const recorded = recordedParts(record, listed);
  const missing = new Set<string>();
  const question = toRecordedQuestion(record);
  if (!recorded.identity.includes('groups') && hasGroupGrant(policy, question.now)) {
    return { missing: new Set(['identity.groups']) };
  }
  const verdict = decide(withHidden(policy, recorded, missing), question);
  // An unknown that `||` has absorbed may come out as another error.
  if ('error' in verdict && missing.size > 0) return { missing };
  if ('uses' in verdict) return { missing: new Set(['how often a grant was used']) };
  const { outcome, rule } = verdict;
  return { decision: outcome, code: 'code' in verdict ? verdict.code : null, rule };
}

function recordedParts({ identity, client_ip }: AuditRecord, listed: readonly string[]): Recorded {
  const request = client_ip === undefined ? [] : (['client_ip'] as const);
  // To rules a nobody has no claims, and that is known.
  if (identity === null) {
    return { identity: ['email', 'groups', 'scopes'], claims: null, request, service: false };
  }
  const claims = ['sub', 'iss', ...Object.keys(identity.claims), ...listed];
  const has = (name: string) => claims.includes(name);
  const parts: Recorded['identity'][number][] = [];
  // Whether the issuer vouches for the address is a claim of its own.
  if (has('email') && has('email_verified')) parts.push('email');
  if (has('groups')) parts.push('groups');
  if (has('scope') || has('scp')) parts.push('scopes');
  return { identity: parts, claims, request, service: false };
}

function toRecordedQuestion(record: AuditRecord): Question {
  const { identity, method, path, route, labels, client_ip = '' } = record;
  const question = toQuestion({
    name: '',
    expect: { decision: 'deny' },
    given: {
      identity: identity === null ? null : toClaims(identity),
      request: { method, path: decode(path), host: '', query: {}, headers: {}, client_ip },
      labels,
      route,
      service: '',
      now: Date.parse(record.time),
    },
  });
  if (identity === null || question.identity === null) return question;
  return { ...question, identity: { ...question.identity, actor: identity.actor } };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function toClaims({ subject, issuer, claims }: NonNullable<AuditRecord['identity']>): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(claims)) {
    const steps = name.startsWith('/')
      ? name
          .slice(1)
          .split('/')
          .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
      : [name];
    place(result, steps, value);
  }
  return { ...result, sub: subject, iss: issuer };
}

function place(target: JsonObject, [step, ...rest]: readonly string[], value: JsonValue): void {
  if (step === undefined || step === '__proto__') return;
  if (rest.length === 0) {
    target[step] = value;
    return;
  }
  const known = ownMember(target, step);
  const inner: JsonObject = isJsonObject(known) ? known : {};
  target[step] = inner;
  place(inner, rest, value);
}

/** Grants to a group come to whoever is in it, which the rules themselves do not ask. */
function hasGroupGrant({ grants }: Policy, now: number): boolean {
  return grants.some(
    ({ group, not_before, expires }) => group !== null && not_before <= now && now < expires,
  );
}

function withHidden(policy: Policy, recorded: Recorded, missing: Set<string>): Policy {
  const hide = (expression: Expression) =>
    hideUnrecorded(expression, recorded, (what) => missing.add(what));
  const replace = (rule: Rule): Rule => ({ ...rule, when: hide(rule.when) });
  return {
    ...policy,
    deny: policy.deny.map(replace),
    allow: policy.allow.map(replace),
    shadow: [],
    roles: new Map([...policy.roles].map(([name, expression]) => [name, hide(expression)])),
  };
}
