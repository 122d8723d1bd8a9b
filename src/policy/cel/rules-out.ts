import { findGuards, type Guard } from './known/guards.ts';
import { knownCondition } from './known/known-condition.ts';
import type { ASTNode } from './library.ts';
import type { Variables } from './variables.ts';

/** What can be told of a condition without evaluating it. */
export interface Foresight {
  readonly guards: readonly Guard[];
  /**
   * The value that evaluating would yield, where that can be told at once; undefined where it cannot, as where that
   * would be an error. Takes no steps.
   */
  foretell(variables: Variables): boolean | undefined;
  /** True only where evaluating would yield false. */
  rulesOut(variables: Variables): boolean;
}

/**
 * Lets a decision skip the rules that do not apply, which are most: looking takes some tens of nanoseconds, evaluating
 * some microseconds.
 *
 * @param ast before its types are checked, as checking renames functions; of use only where they turn out right
 * @returns null where nothing can ever be told
 */
export function foresee(ast: ASTNode): Foresight | null {
  const known = knownCondition(ast);
  if (known === null) return null;
  return {
    guards: findGuards(ast),
    foretell(variables) {
      try {
        return known(variables);
      } catch {
        // What is wrong comes out, or is absorbed, where the condition is evaluated.
        return undefined;
      }
    },
    rulesOut(variables) {
      try {
        return known(variables) === false;
      } catch {
        return false;
      }
    },
  };
}
