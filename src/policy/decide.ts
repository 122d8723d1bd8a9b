import type { Identity } from '../core/identity.ts';
import { ExpressionError } from './cel/expression-error.ts';
import { IdentityValue, RequestValue, type RequestView, type Variables } from './cel/variables.ts';
import { findCandidates } from './find-candidates.ts';
import type { Grant, Policy, Rule, StepUp } from './policy.ts';
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

export type Verdict = (Allowed | Denied | Failed) & {
  /** The shadow rules that matched or could not be evaluated; absent where there are none. */
  shadow?: readonly ShadowResult[];
};

export interface Allowed {
  outcome: 'allow';
  rule: string;
  grant: string | null;
  headers?: Rule['headers'];
  run_as?: string;
  /** The grants that can be used up without which this would not be: whoever lets the request on takes a use of each. */
  uses?: readonly Grant[];
}

export interface Denied {
  outcome: 'deny';
  code: 'policy_denied' | 'insufficient_user_authentication';
  rule: string | null;
  grant: string | null;
  step_up?: StepUp;
}

/** A rule could not be evaluated. */
export interface Failed {
  outcome: 'deny';
  code: 'policy_error' | 'invalid_request' | 'body_too_large';
  rule: string;
  grant: null;
  /** Where and why, for the operator. */
  error: string;
  /** What is wrong with the request, for the client; absent where it is the policy that is wrong. */
  reason?: string;
}

export interface ShadowResult {
  rule: string;
  effect: Rule['effect'];
  /** Why it could not be evaluated; absent where it matched. */
  error?: string;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Decides a request by a policy. Pure: the same question always gets the same answer.
 *
 * A deny rule that matches beats every allow; without a matching allow the answer is no; and a rule that cannot be
 * evaluated refuses, because a broken deny must not admit. Shadow rules come afterwards and change nothing.
 *
 * @param exhausted names of grants that have been used up
 */
export function decide(
  policy: Policy,
  question: Question,
  exhausted: ReadonlySet<string> = NONE,
): Verdict {
  const grants = activeGrants(policy, question.identity, question.now, exhausted);
  const verdict = enforce(new Evaluation(policy, question, grants));
  if (policy.shadow.length === 0) return verdict;
  const shadow = watch(new Evaluation(policy, question, grants));
  return shadow.length === 0 ? verdict : { ...verdict, shadow };
}

function enforce(evaluation: Evaluation): Verdict {
  const { policy } = evaluation;
  for (const rule of evaluation.candidates(policy.deny)) {
    const matched = evaluation.matches(rule);
    if (matched instanceof ExpressionError) return failure(rule, matched);
    if (matched) return denial(rule, evaluation.decidingGrant(rule));
  }
  for (const rule of evaluation.candidates(policy.allow)) {
    const matched = evaluation.matches(rule);
    if (matched instanceof ExpressionError) return failure(rule, matched);
    if (matched) return allowance(rule, evaluation);
  }
  return { outcome: 'deny', code: 'policy_denied', rule: null, grant: null };
}

function allowance(rule: Rule, evaluation: Evaluation): Allowed {
  const uses = evaluation.usesNeeded(rule);
  return {
    outcome: 'allow',
    rule: rule.name,
    grant: evaluation.decidingGrant(rule),
    ...(Object.keys(rule.headers).length === 0 ? {} : { headers: rule.headers }),
    ...(rule.run_as === null ? {} : { run_as: rule.run_as }),
    ...(uses.length === 0 ? {} : { uses }),
  };
}

function denial({ name, step_up }: Rule, grant: string | null): Denied {
  if (step_up === null) return { outcome: 'deny', code: 'policy_denied', rule: name, grant };
  const code = 'insufficient_user_authentication';
  return { outcome: 'deny', code, rule: name, grant, step_up };
}

function failure(rule: Rule, { location, message, request }: ExpressionError): Failed {
  return {
    outcome: 'deny',
    code: request?.code ?? 'policy_error',
    rule: rule.name,
    grant: null,
    error: `rule "${rule.name}": ${location}: ${message}`,
    ...(request === undefined ? {} : { reason: request.message }),
  };
}

/** Whatever goes wrong in a shadow rule, the request does not feel it. */
function watch(evaluation: Evaluation): ShadowResult[] {
  return evaluation.candidates(evaluation.policy.shadow).flatMap((rule): ShadowResult[] => {
    const { name, effect } = rule;
    try {
      const matched = evaluation.matches(rule);
      if (matched === false) return [];
      if (matched === true) return [{ rule: name, effect }];
      return [{ rule: name, effect, error: `${matched.location}: ${matched.message}` }];
    } catch {
      return [{ rule: name, effect, error: 'malfunction' }];
    }
  });
}

class Evaluation {
  readonly policy: Policy;
  readonly #question: Question;
  readonly #grants: readonly Grant[];
  readonly #roles: RoleBook;
  readonly #variables: Variables;

  constructor(policy: Policy, question: Question, grants: readonly Grant[]) {
    this.policy = policy;
    this.#question = question;
    this.#grants = grants;
    this.#roles = new RoleBook(policy, grants);
    this.#variables = {
      identity: new IdentityValue(question.identity, this.#roles),
      request: new RequestValue(question.request),
      labels: question.labels,
      holidays: policy.holidays,
      route: question.route,
      service: question.service,
      now: new Date(question.now),
    };
    this.#roles.variables = this.#variables;
  }

  /** The rules that may match. A grant of a rule counts whatever its condition says. */
  candidates(rules: readonly Rule[]): readonly Rule[] {
    if (this.#grants.some(({ rule }) => rule !== null)) return rules;
    return findCandidates(rules, this.#variables);
  }

  /** @returns why the rule cannot be evaluated, where it cannot */
  matches(rule: Rule): boolean | ExpressionError {
    const byCondition = this.#meets(rule);
    if (byCondition === true) return true;
    // As with a role, a grant also counts where the condition cannot be evaluated.
    const grant = this.#grants.find((candidate) => candidate.rule === rule.name);
    if (grant === undefined) return byCondition;
    this.#roles.used.add(grant);
    return true;
  }

  #meets(rule: Rule): boolean | ExpressionError {
    const { request } = this.#variables;
    request.forgetProblem();
    try {
      if (rule.when.rulesOut?.(this.#variables)) return false;
      return rule.when.evaluate(this.#variables);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      // Of two errors, that of the request: it is for the client to mend, and the other may follow from it.
      const { problem } = request;
      if (problem === undefined) return error;
      return new ExpressionError(error.location, problem.message, problem);
    }
  }

  /**
   * The grant without which a rule that decides would not: the first, in the order the rule asks for roles, whose absence
   * alone makes the difference. Where two grants stand in for one another, the one that was used. A grant may also decide
   * by keeping a deny rule from matching.
   */
  decidingGrant(rule: Rule): string | null {
    if (this.#grants.length === 0 || this.#decidesWithout(rule, this.#grants)) return null;
    const used = this.#usedBy(rule);
    const candidates = [...used, ...this.#grants.filter((grant) => !used.includes(grant))];
    const deciding =
      candidates.find((grant) => !this.#decidesWithout(rule, [grant])) ?? candidates[0];
    return deciding?.name ?? null;
  }

  /** Of the grants that can be used up, those that a rule that decides cannot do without. */
  usesNeeded(rule: Rule): Grant[] {
    const limited = this.#grants.filter(({ max_uses }) => max_uses !== null);
    if (limited.length === 0 || this.#decidesWithout(rule, limited)) return [];
    const used = this.#usedBy(rule);
    const spared: Grant[] = [];
    // Those that the rule itself asked for are spared last.
    const order = [...limited].sort((a, b) => Number(used.includes(a)) - Number(used.includes(b)));
    return order.filter((grant) => {
      if (!this.#decidesWithout(rule, [...spared, grant])) return true;
      spared.push(grant);
      return false;
    });
  }

  /** Asked of a fresh evaluation, because this one may have met the roles in an earlier rule. */
  #usedBy(rule: Rule): Grant[] {
    const evaluation = new Evaluation(this.policy, this.#question, this.#grants);
    evaluation.matches(rule);
    return [...evaluation.#roles.used];
  }

  #decidesWithout(rule: Rule, removed: readonly Grant[]): boolean {
    const kept = this.#grants.filter((grant) => !removed.includes(grant));
    return new Evaluation(this.policy, this.#question, kept).#decides(rule);
  }

  /** Whether an allow is let through by every deny rule, and a rule matches at all. */
  #decides(rule: Rule): boolean {
    const isFree =
      rule.effect === 'deny' ||
      this.candidates(this.policy.deny).every((deny) => this.matches(deny) === false);
    return isFree && this.matches(rule) === true;
  }
}
