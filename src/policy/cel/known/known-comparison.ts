import type { ASTNode } from '../library.ts';
import { type Known, LONG, literalText, selectedPath } from './known.ts';
import { knownText } from './known-text.ts';
import { knownNumber } from './known-time.ts';

/** `labels.env == "staging"`, `identity.actor == null`, `now.hour("UTC") == 9` */
export function knownEquality(left: ASTNode, right: ASTNode): Known<boolean> | null {
  return textEquality(left, right) ?? noActor(left, right) ?? knownOrder('==', left, right);
}

function textEquality(left: ASTNode, right: ASTNode): Known<boolean> | null {
  const literal = literalText(right) ?? literalText(left);
  const one = knownText(left);
  const other = knownText(right);
  if (one === null || other === null) return null;
  if (literal !== null) {
    const text = literalText(right) === null ? other : one;
    return (variables) => {
      const value = text(variables);
      return value === undefined ? undefined : value === literal;
    };
  }
  return (variables) => {
    const [a, b] = [one(variables), other(variables)];
    return a === undefined || b === undefined || a.length > LONG ? undefined : a === b;
  };
}

function noActor(left: ASTNode, right: ASTNode): Known<boolean> | null {
  const compared = isNull(right) ? left : isNull(left) ? right : null;
  if (compared === null || selectedPath(compared)?.join('.') !== 'identity.actor') return null;
  return ({ identity }) => identity.actor === null;
}

function isNull(node: ASTNode): boolean {
  return node.op === 'value' && node.args === null;
}

const ORDERS = {
  '==': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
} satisfies Record<string, (a: number, b: number) => boolean>;

/** `now.hour("UTC") < 9`, `now < timestamp("2026-12-31T00:00:00Z")` */
export function knownOrder(
  operator: keyof typeof ORDERS,
  left: ASTNode,
  right: ASTNode,
): Known<boolean> | null {
  const [one, other] = [knownNumber(left), knownNumber(right)];
  if (one === null || other === null || one.unit !== other.unit) return null;
  const holds = ORDERS[operator];
  return (variables) => {
    const [a, b] = [one.of(variables), other.of(variables)];
    return a === undefined || b === undefined ? undefined : holds(a, b);
  };
}
