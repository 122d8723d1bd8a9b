import type { Identity } from '../core/identity.ts';
import { ExpressionError } from './cel/expression-error.ts';
import type { RoleHolder, Variables } from './cel/variables.ts';
import { foretellRoles } from './foretell-roles.ts';
import type { Grant, Policy } from './policy.ts';

const NONE: ReadonlySet<string> = new Set();

type Held = { held: boolean } | { error: unknown };

/**
 * Which roles one identity holds during one decision: those whose expression is true and those granted to it.
 * As with CEL's `||`, a grant also counts where the expression cannot be evaluated.
 */
export class RoleBook implements RoleHolder {
  /** The grants that made a role held, in the order the roles were asked for, or a rule match. */
  readonly used = new Set<Grant>();
  readonly #policy: Policy;
  readonly #active: readonly Grant[];
  readonly #known = new Map<string, Held>();
  #foretold: ReadonlyMap<string, boolean | undefined> | undefined;
  #variables: Variables | undefined;

  /** @param active the grants that count, see `activeGrants` */
  constructor(policy: Policy, active: readonly Grant[]) {
    this.#policy = policy;
    this.#active = active;
  }

  /** The variables hold the identity, which holds this book: it gets them once they are made. */
  set variables(variables: Variables) {
    this.#variables = variables;
  }

  knows(role: string): boolean {
    return this.#policy.roles.has(role);
  }

  holds(role: string): boolean {
    let answer = this.#known.get(role);
    if (answer === undefined) {
      answer = this.#find(role);
      this.#known.set(role, answer);
    }
    if ('error' in answer) throw answer.error;
    return answer.held;
  }

  /** Unlike `holds`, it counts no grant as used. */
  foretells(role: string): boolean | undefined {
    if (this.#active.some((grant) => grant.role === role)) return true;
    if (this.#variables === undefined) return undefined;
    this.#foretold ??= foretellRoles(this.#policy.roles, this.#variables);
    return this.#foretold.has(role) ? this.#foretold.get(role) : false;
  }

  all(): string[] {
    return [...this.#policy.roles.keys()].filter((role) => this.holds(role));
  }

  #find(role: string): Held {
    const byExpression = this.#evaluate(role);
    if ('held' in byExpression && byExpression.held) return byExpression;
    const grant = this.#active.find((candidate) => candidate.role === role);
    if (grant === undefined) return byExpression;
    this.used.add(grant);
    return { held: true };
  }

  #evaluate(role: string): Held {
    const expression = this.#policy.roles.get(role);
    if (expression === undefined || this.#variables === undefined) return { held: false };
    try {
      return { held: expression.evaluate(this.#variables) };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { location, message, request } = error;
      return { error: new ExpressionError(location, `role "${role}": ${message}`, request) };
    }
  }
}

/**
 * The grants made to an identity that are in force: from `not_before` on and until just before `expires`. Those that can
 * be used up come last, so that they are used where no other will do.
 *
 * @param exhausted names of those that have been used up
 */
export function activeGrants(
  policy: Policy,
  identity: Identity | null,
  now: number,
  exhausted: ReadonlySet<string> = NONE,
): Grant[] {
  if (identity === null || policy.grants.length === 0) return [];
  const active = policy.grants.filter(
    ({ name, subject, group, issuer, not_before, expires }) =>
      !exhausted.has(name) &&
      not_before <= now &&
      now < expires &&
      (issuer === null || issuer === identity.issuer) &&
      (subject === null
        ? group !== null && identity.groups.includes(group)
        : subject === identity.subject),
  );
  return active.sort((a, b) => Number(a.max_uses !== null) - Number(b.max_uses !== null));
}
