import type { Identity } from '../core/identity.ts';
import { ExpressionError } from './cel/expression-error.ts';
import { IdentityValue, RequestValue, type RequestView, type Variables } from './cel/variables.ts';
import type { Grant, Policy, Rule } from './policy.ts';
import { activeGrants, RoleBook } from './role-book.ts';

/** What a policy decides on, as plain data. */
export interface Question {
  /** Null for a request without a verified identity. */
  identity: Identity | null;
  request: RequestView;
  labels: ReadonlyMap<string, string>;
  route: string;
  service: string;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

export type Verdict =
  | { outcome: 'allow'; rule: string; grant: string | null }
  | { outcome: 'deny'; code: 'policy_denied'; rule: string | null; grant: string | null }
  | { outcome: 'deny'; code: 'policy_error'; rule: string; grant: null; error: string };

/**
 * Decides a request by a policy. Pure: the same question always gets the same answer.
 *
 * A deny rule that matches beats every allow; without a matching allow the answer is no; and a rule that cannot be
 * evaluated refuses, because a broken deny must not admit.
 */
export function decide(policy: Policy, question: Question): Verdict {
  const grants = activeGrants(policy, question.identity, question.now);
  const evaluation = new Evaluation(policy, question, grants);
  for (const rule of policy.deny) {
    const matched = evaluation.matches(rule);
    if (typeof matched === 'string') return failure(rule, matched);
    if (matched) {
      const grant = evaluation.decidingGrant(rule);
      return { outcome: 'deny', code: 'policy_denied', rule: rule.name, grant };
    }
  }
  for (const rule of policy.allow) {
    const matched = evaluation.matches(rule);
    if (typeof matched === 'string') return failure(rule, matched);
    if (matched) {
      return { outcome: 'allow', rule: rule.name, grant: evaluation.decidingGrant(rule) };
    }
  }
  return { outcome: 'deny', code: 'policy_denied', rule: null, grant: null };
}

function failure(rule: Rule, reason: string): Verdict {
  const error = `rule "${rule.name}": ${reason}`;
  return { outcome: 'deny', code: 'policy_error', rule: rule.name, grant: null, error };
}

class Evaluation {
  readonly #policy: Policy;
  readonly #question: Question;
  readonly #grants: readonly Grant[];
  readonly #roles: RoleBook;
  readonly #variables: Variables;

  constructor(policy: Policy, question: Question, grants: readonly Grant[]) {
    this.#policy = policy;
    this.#question = question;
    this.#grants = grants;
    this.#roles = new RoleBook(policy, grants);
    this.#variables = {
      identity: new IdentityValue(question.identity, this.#roles),
      request: new RequestValue(question.request),
      labels: question.labels,
      route: question.route,
      service: question.service,
      now: new Date(question.now),
    };
    this.#roles.variables = this.#variables;
  }

  /** @returns why the rule cannot be evaluated, where it cannot */
  matches(rule: Rule): boolean | string {
    try {
      return rule.when.evaluate(this.#variables);
    } catch (error) {
      if (error instanceof ExpressionError) return `${error.location}: ${error.message}`;
      throw error;
    }
  }

  /**
   * The grant without which a rule that matched would not have: the first, in the order the rule asks for roles,
   * whose absence alone makes the difference. Where two grants stand in for one another, the one that was used.
   */
  decidingGrant(rule: Rule): string | null {
    if (this.#grants.length === 0) return null;
    const used = this.#usedBy(rule);
    if (used.length === 0 || this.#matchesWithout(rule, this.#grants)) return null;
    const deciding = used.find((grant) => !this.#matchesWithout(rule, [grant])) ?? used[0];
    return deciding?.name ?? null;
  }

  /** Asked of a fresh evaluation, because this one may have met the roles in an earlier rule. */
  #usedBy(rule: Rule): Grant[] {
    const evaluation = new Evaluation(this.#policy, this.#question, this.#grants);
    evaluation.matches(rule);
    return [...evaluation.#roles.used];
  }

  #matchesWithout(rule: Rule, removed: readonly Grant[]): boolean {
    const kept = this.#grants.filter((grant) => !removed.includes(grant));
    return new Evaluation(this.#policy, this.#question, kept).matches(rule) === true;
  }
}
