import type { Expression } from './cel/compile-expression.ts';
import type { Variables } from './cel/variables.ts';
import { findCandidates } from './find-candidates.ts';

interface Role {
  readonly name: string;
  readonly when: Expression;
}

/** For roles that the policy holds, and so keeps. */
const lists = new WeakMap<ReadonlyMap<string, Expression>, readonly Role[]>();

/**
 * Tells of the roles of a policy whether their expressions hold, where that can be told without evaluating them;
 * undefined where it cannot.
 *
 * @returns nothing of roles whose expressions certainly do not hold
 */
export function foretellRoles(
  roles: ReadonlyMap<string, Expression>,
  variables: Variables,
): ReadonlyMap<string, boolean | undefined> {
  let list = lists.get(roles);
  if (list === undefined) {
    list = [...roles].map(([name, when]) => ({ name, when }));
    lists.set(roles, list);
  }
  const foretold = new Map<string, boolean | undefined>();
  for (const { name, when } of findCandidates(list, variables)) {
    const held = when.foretell?.(variables);
    if (held !== false) foretold.set(name, held);
  }
  return foretold;
}
