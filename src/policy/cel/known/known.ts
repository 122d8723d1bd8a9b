import type { ASTNode } from '../library.ts';
import type { Variables } from '../variables.ts';

/**
 * Part of a condition, made once when the policy loads: its value where that can be told at once, undefined where only
 * evaluating tells, as where that is an error. It takes no steps, asks no role, and never works longer than the policy's
 * own text allows, whatever the request holds.
 */
export type Known<T> = (variables: Variables) => T | undefined;

/** Beyond so many characters of a request's text, searching it is left to evaluating, which counts its steps. */
export const LONG = 512;

/** The path of a selection of fields by literal names, such as `['identity', 'claims', 'amr']`; null for other nodes. */
export function selectedPath(node: ASTNode): readonly string[] | null {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.' && node.op !== '[]') return null;
  const [object, key] = node.args;
  const name = typeof key === 'string' ? key : literalText(key);
  const path = selectedPath(object);
  return name === null || path === null ? null : [...path, name];
}

export function literalText(node: ASTNode | undefined): string | null {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : null;
}

/** The value of a claim right below `identity.claims`. */
export function claim({ identity }: Variables, name: string): unknown {
  const { claims } = identity;
  return claims instanceof Map ? claims.get(name) : undefined;
}
