import type { AuditEntry } from '../core/audit-entry.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigError } from '../core/config-error.ts';
import type { Identity } from '../core/identity.ts';
import { DEFAULT_REALM, type Refusal } from '../core/refusal.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../core/request.ts';
import { type Outcome, refuse, type Stage } from '../core/stage.ts';
import { findPathAmbiguity } from './ambiguous-path.ts';
import type { RequestView } from './cel/variables.ts';
import type { PolicyConfig } from './config.ts';
import { decide } from './decide.ts';
import { type Decided, describeDecision } from './describe-decision.ts';
import { parseQuery } from './parse-query.ts';
import type { Policy } from './policy.ts';

export interface PolicyStageDependencies {
  clock: Clock;
  /** Milliseconds from any origin, with fractions; measures how long a decision takes. */
  stopwatch: () => number;
  /** @throws ConfigError where the policy file cannot be read */
  readFile(path: string): string;
  /** `loadPolicy`, or one that remembers: many instances have the same policy. */
  load(text: string, fileName: string): Policy;
  /**
   * Gets one entry per decision, allow or deny, before the decision takes effect.
   * Where it throws the request is refused: an allow that cannot be recorded is not given.
   */
  record(entry: AuditEntry): void;
}

/**
 * The second stage of the chain: may this identity make this request?
 *
 * @throws ConfigError where the policy cannot be read or does not load
 */
export function createPolicyStage(
  config: PolicyConfig,
  { clock, stopwatch, readFile, load, record }: PolicyStageDependencies,
): Stage {
  const policy = load(...readPolicy(config, readFile));
  const labels: ReadonlyMap<string, string> = new Map(Object.entries(config.labels));
  const needs: RequestNeeds = {
    attributes: [
      ...new Set([
        // The last for the audit entry's trace_id.
        ...(['method', 'path', 'request_uri', 'route', 'traceparent'] as const),
        ...policy.reads.attributes,
      ]),
    ],
    headers: policy.reads.headers,
    handoff: ['authenticated_identity'],
  };

  function judge(facts: RequestFacts, now: number): Judgement {
    const identity = findIdentity(facts, config.allow_anonymous);
    if ('code' in identity) return refused(identity);
    const requestUri = fact(facts, 'request_uri');
    const ambiguity = findPathAmbiguity(requestUri);
    if (ambiguity !== null) return malformed(ambiguity);
    const query = policy.reads.query ? parseQuery(requestUri) : new Map();
    if (query === null) return malformed('the query has too many parameters');
    const { name, id } = fact(facts, 'route');
    const verdict = decide(policy, {
      identity: identity.identity,
      request: viewRequest(facts, policy, query),
      labels,
      route: name ?? id,
      service: policy.reads.attributes.includes('service') ? serviceName(facts) : '',
      now,
    });
    if (verdict.outcome === 'allow') {
      return { decided: { code: null, rule: verdict.rule, grant: verdict.grant } };
    }
    return { decided: verdict, refusal: { code: verdict.code } };
  }

  return {
    needs: () => needs,
    run(facts): Outcome {
      const now = clock();
      const started = stopwatch();
      const { decided, refusal } = judge(facts, now);
      const duration_ms = stopwatch() - started;
      const entry = describeDecision(decided, facts, policy, config, { now, duration_ms });
      record(entry);
      if (refusal !== undefined) return refuse(refusal, entry);
      const { rule, grant } = decided;
      const policy_decision = {
        outcome: 'allow',
        code: null,
        rule,
        grant,
        policy_version: policy.version,
      } as const;
      return { outcome: 'continue', handoff: { policy_decision }, log: entry };
    },
  };
}

/** Without a refusal the request is allowed. */
interface Judgement {
  decided: Decided;
  refusal?: Refusal;
}

function refused(refusal: Refusal, error?: string): Judgement {
  const decided = { code: refusal.code, rule: null, grant: null };
  return { decided: error === undefined ? decided : { ...decided, error }, refusal };
}

function malformed(reason: string): Judgement {
  return refused({ code: 'invalid_request', detail: `Refused because ${reason}.` }, reason);
}

function findIdentity(
  { handoff }: RequestFacts,
  allowAnonymous: boolean,
): { identity: Identity | null } | Refusal {
  const verdict = handoff?.authenticated_identity;
  switch (verdict?.outcome) {
    case 'authenticated':
      return { identity: verdict.identity };
    case 'anonymous':
      if (allowAnonymous) return { identity: null };
      return { code: 'missing_token', challenge: { realm: DEFAULT_REALM } };
    default:
      // Without oidc-authorizer before it, nobody has removed identity headers that the client made up.
      return {
        code: 'verdict_missing',
        detail: 'There is no verdict of oidc-authorizer on this request.',
      };
  }
}

function viewRequest(
  facts: RequestFacts,
  { reads }: Policy,
  query: ReadonlyMap<string, readonly string[]>,
): RequestView {
  const headers = reads.headers.length > 0 ? fact(facts, 'headers') : {};
  return {
    method: fact(facts, 'method'),
    // Kong leaves reserved characters encoded, and the service will decode them.
    path: decodeURIComponent(fact(facts, 'path')),
    query,
    headers: new Map(Object.entries(headers)),
    ...(reads.attributes.includes('host') ? { host: fact(facts, 'host') } : {}),
    ...(reads.attributes.includes('client_ip') ? { client_ip: fact(facts, 'client_ip') } : {}),
  };
}

function serviceName(facts: RequestFacts): string {
  const { name, host } = fact(facts, 'service');
  return name ?? host;
}

/** The policy's text and the name that problems in it are told by. */
function readPolicy(
  config: PolicyConfig,
  readFile: (path: string) => string,
): [text: string, fileName: string] {
  const { policy, policy_file: file } = config;
  if (policy !== undefined && file === undefined) return [policy, 'policy'];
  if (policy === undefined && file !== undefined) return [readFile(file), file];
  throw new ConfigError(['config: exactly one of policy_file and policy is required']);
}
