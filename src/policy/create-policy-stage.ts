import type { AuditEntry } from '../core/audit-entry.ts';
import type { Clock } from '../core/clock.ts';
import type { PolicyDecision } from '../core/decision.ts';
import type { Identity } from '../core/identity.ts';
import { DEFAULT_REALM, type Refusal } from '../core/refusal.ts';
import { fact, type RequestFacts, type RequestNeeds } from '../core/request.ts';
import { SharedStateUnavailable } from '../core/shared-state.ts';
import { type Continue, type Outcome, refuse, type Stage } from '../core/stage.ts';
import { findPathAmbiguity } from './ambiguous-path.ts';
import type { PolicyConfig } from './config.ts';
import type { ContextAnswer, ContextSource } from './context-values.ts';
import type { Verdict } from './decide.ts';
import { decideWithUses } from './decide-with-uses.ts';
import { type Decided, describeDecision } from './describe-decision.ts';
import type { GrantUses } from './grant-uses.ts';
import type { Policy } from './policy.ts';
import { prepareNeeds } from './prepare-needs.ts';
import { readQuestion } from './read-question.ts';
import { refusalOf } from './refusal-of.ts';
import { upstreamHeaders } from './upstream-headers.ts';

export interface PolicyStageDependencies {
  clock: Clock;
  /** Milliseconds from any origin, with fractions; measures how long a decision takes. */
  stopwatch: () => number;
  /** The policy in force, asked anew for each request: the same object as long as it has not changed. */
  policy: () => Policy;
  /** Waited for once, before the first request is judged. */
  ready?: (() => Promise<void>) | undefined;
  /** Counts the uses of grants that have `max_uses`. */
  uses: GrantUses;
  /** What is to be known beside the request and the config. */
  context?: ContextSource | undefined;
  /**
   * Gets one entry per decision, allow or deny, before the decision takes effect.
   * Where it throws the request is refused: an allow that cannot be recorded is not given.
   */
  record(entry: AuditEntry): void;
}

/** The second stage of the chain: may this identity make this request? */
export function createPolicyStage(
  config: PolicyConfig,
  { clock, stopwatch, policy: current, ready, uses, context, record }: PolicyStageDependencies,
): Stage {
  const configured: ReadonlyMap<string, string> = new Map(Object.entries(config.labels));
  const needsOf = new WeakMap<Policy, RequestNeeds>();
  const policyOf = new WeakMap<RequestNeeds, Policy>();

  function needs(): RequestNeeds {
    const policy = current();
    let prepared = needsOf.get(policy);
    if (prepared === undefined) {
      prepared = prepareNeeds(policy, context?.needs ?? []);
      needsOf.set(policy, prepared);
      policyOf.set(prepared, policy);
    }
    return prepared;
  }

  function judge(facts: RequestFacts, policy: Policy, now: number): Judgement | Promise<Judgement> {
    const found = findIdentity(facts, config.allow_anonymous);
    if ('code' in found) return { ...refused(found, configured), inAnyMode: true };
    const ambiguity = findPathAmbiguity(fact(facts, 'request_uri'));
    if (ambiguity !== null) return malformed(ambiguity, configured);
    const { identity } = found;
    const answer = context?.look(facts, identity) ?? NOTHING;
    const proceed = (known: ContextAnswer) => judgeWith(known, facts, policy, identity, now);
    return answer instanceof Promise ? answer.then(proceed) : proceed(answer);
  }

  function judgeWith(
    answer: ContextAnswer,
    facts: RequestFacts,
    policy: Policy,
    identity: Identity | null,
    now: number,
  ): Judgement | Promise<Judgement> {
    if ('unavailable' in answer) {
      const { unavailable, retry_after_seconds } = answer;
      const refusal = { code: 'context_unavailable', retry_after_seconds } as const;
      return refused(refusal, configured, unavailable);
    }
    const { groups } = answer;
    const labels = merge(answer.labels, configured);
    const question = readQuestion(facts, policy, config, {
      identity: identity && withGroups(identity, groups),
      labels,
      now,
    });
    const settle = (verdict: Verdict) => judged(verdict, identity, labels);
    const verdict = decideWithUses(policy, question, uses);
    if (!(verdict instanceof Promise)) return settle(verdict);
    return verdict.then(settle, (error: unknown) => {
      if (!(error instanceof SharedStateUnavailable)) throw error;
      const refusal = { code: 'shared_state_unavailable', retry_after_seconds: 1 } as const;
      return refused(refusal, labels, 'the uses of a grant cannot be counted');
    });
  }

  function judged(
    verdict: Verdict,
    identity: Identity | null,
    labels: Judgement['labels'],
  ): Judgement {
    const refusal = refusalOf(verdict, identity, config.reveal_rule);
    const code = refusal?.code ?? null;
    const decided = { ...verdict, code };
    if (verdict.outcome === 'deny') return { decided, labels, refusal };
    const { headers = {} } = verdict;
    return { decided, labels, refusal, headers };
  }

  function goOn({ decided, headers }: Judgement, facts: RequestFacts, policy: Policy): Continue {
    const allow = { outcome: 'allow', code: null, policy_version: policy.version } as const;
    const { rule, grant, run_as } = decided;
    const decision: PolicyDecision =
      config.mode === 'enforce'
        ? { ...allow, rule, grant, ...(run_as === undefined ? {} : { run_as }) }
        : { ...allow, rule: null, grant: null, mode: 'shadow' };
    return {
      outcome: 'continue',
      ...upstreamHeaders(policy, facts, config.mode === 'enforce' ? headers : undefined),
      handoff: { policy_decision: decision },
    };
  }

  let isReady = ready === undefined;

  return {
    ready() {
      if (isReady || ready === undefined) return undefined;
      return ready().then(() => {
        isReady = true;
      });
    },
    needs,
    run(facts, asked = needs()): Outcome | Promise<Outcome> {
      // The facts are those that this policy needs: a newer one may read others, or set other headers.
      const policy = policyOf.get(asked) ?? current();
      const now = clock();
      const started = stopwatch();
      const finish = (judgement: Judgement): Outcome => {
        const { decided, labels, refusal, inAnyMode = false } = judgement;
        const duration_ms = stopwatch() - started;
        const entry = describeDecision(decided, facts, policy, config, {
          labels,
          now,
          duration_ms,
        });
        record(entry);
        const isRefused = refusal !== undefined && (config.mode === 'enforce' || inAnyMode);
        if (isRefused) return refuse(refusal, entry);
        // A policy that only watches lets nobody in whom it would not: the gateway's own token would go with the request.
        if (
          refusal !== undefined &&
          facts.handoff?.authenticated_identity?.outcome !== 'authenticated'
        ) {
          return refuse({ code: 'missing_token', challenge: { realm: DEFAULT_REALM } }, entry);
        }
        return { ...goOn(judgement, facts, policy), log: entry };
      };
      const judgement = judge(facts, policy, now);
      return judgement instanceof Promise ? judgement.then(finish) : finish(judgement);
    },
  };
}

const NOTHING = { labels: new Map<string, string>(), groups: [] };

/** Without a refusal the request is allowed. */
interface Judgement {
  decided: Decided;
  labels: ReadonlyMap<string, string>;
  refusal?: Refusal | undefined;
  /** It is not the policy that refuses, so that shadow mode makes no difference. */
  inAnyMode?: boolean;
  /** Set upstream by the rule that allows. */
  headers?: Readonly<Record<string, string>>;
}

function refused(refusal: Refusal, labels: Judgement['labels'], error?: string): Judgement {
  const decided = { code: refusal.code, rule: null, grant: null };
  return { decided: error === undefined ? decided : { ...decided, error }, labels, refusal };
}

function malformed(reason: string, labels: Judgement['labels']): Judgement {
  const detail = `Refused because ${reason}.`;
  return refused({ code: 'invalid_request', detail }, labels, reason);
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

/** What an operator has written down is not to be changed from elsewhere. */
function merge(
  live: ReadonlyMap<string, string>,
  configured: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return live.size === 0 ? configured : new Map([...live, ...configured]);
}

function withGroups(identity: Identity, groups: readonly string[]): Identity {
  if (groups.length === 0) return identity;
  return { ...identity, groups: [...new Set([...identity.groups, ...groups])] };
}
