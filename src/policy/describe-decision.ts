import type { AuditEntry, AuditedIdentity, AuditedShadowRule } from '../core/audit-entry.ts';
import type { Identity, IdentityVerdict } from '../core/identity.ts';
import type { JsonValue } from '../core/json.ts';
import { readClaim } from '../core/read-claim.ts';
import type { RefusalCode } from '../core/refusal.ts';
import { fact, type RequestFacts } from '../core/request.ts';
import type { PolicyConfig } from './config.ts';
import type { ShadowResult } from './decide.ts';
import type { Policy } from './policy.ts';
import { readTraceId } from './trace-id.ts';

export interface Decided {
  /** Null on an allow. */
  code: RefusalCode | null;
  rule: string | null;
  grant: string | null;
  error?: string;
  run_as?: string;
  shadow?: readonly ShadowResult[];
}

export interface Circumstances {
  /** Those that rules have seen. */
  labels: ReadonlyMap<string, string>;
  /** Milliseconds since the Unix epoch. */
  now: number;
  duration_ms: number;
}

/** Makes the audit entry of a decision. Only what is named here, and the claims the config lists, can get into it. */
export function describeDecision(
  decided: Decided,
  facts: RequestFacts,
  policy: Policy,
  config: PolicyConfig,
  { labels, now, duration_ms }: Circumstances,
): AuditEntry {
  const verdict = facts.handoff?.authenticated_identity;
  const traceId = readTraceId(facts.traceparent);
  const route = fact(facts, 'route');
  return {
    time: new Date(now).toISOString(),
    decision: decided.code === null ? 'allow' : 'deny',
    code: decided.code,
    mode: config.mode,
    rule: decided.rule,
    grant: decided.grant,
    ...(decided.run_as === undefined ? {} : { run_as: decided.run_as }),
    ...(decided.shadow === undefined ? {} : { shadow: describeShadow(decided.shadow) }),
    policy_version: policy.version,
    identity: describeIdentity(verdict, config.audit.fields),
    token: describeToken(verdict),
    method: fact(facts, 'method'),
    path: shortened(withoutQuery(fact(facts, 'path'))),
    route: route.name ?? route.id,
    labels: Object.fromEntries(labels),
    ...(facts.client_ip === undefined ? {} : { client_ip: facts.client_ip }),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...(decided.error === undefined ? {} : { error: decided.error }),
    duration_ms: Math.round(duration_ms * 1000) / 1000,
  };
}

/** As with the path below: a policy may hold a thousand shadow rules. */
const SHADOW_RULES = 32;

function describeShadow(results: readonly ShadowResult[]): AuditedShadowRule[] {
  return results.slice(0, SHADOW_RULES).map((result) => ({ ...result }));
}

function describeIdentity(
  verdict: IdentityVerdict | undefined,
  fields: readonly string[],
): AuditedIdentity | null {
  if (verdict?.outcome !== 'authenticated') return null;
  const { subject, issuer, actor } = verdict.identity;
  return {
    subject,
    issuer,
    actor,
    claims: Object.fromEntries(listedClaims(verdict.identity, fields)),
  };
}

function listedClaims(identity: Identity, fields: readonly string[]): [string, JsonValue][] {
  return fields.flatMap((field): [string, JsonValue][] => {
    const value = readClaim(identity.claims, field);
    return value === undefined ? [] : [[field, value]];
  });
}

function describeToken(verdict: IdentityVerdict | undefined): AuditEntry['token'] {
  if (verdict?.outcome !== 'authenticated') return null;
  return { jti: verdict.token.jti, fingerprint: verdict.token.fingerprint };
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** Kong cuts a log line at 4,096 bytes; a long path must not push the rest of the record over that edge. */
const PATH_CHARACTERS = 1024;

function shortened(path: string): string {
  return path.length <= PATH_CHARACTERS ? path : `${path.slice(0, PATH_CHARACTERS)}…`;
}
