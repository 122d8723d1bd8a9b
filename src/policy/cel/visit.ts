import type { ASTNode } from './library.ts';

/** One evaluation of one node. */
export interface Visit {
  readonly visits: Map<ASTNode, Visit>;
  turns: TurnVisit[];
  turnsLeftOut: number;
  outcome: { value: unknown } | { error: unknown } | null;
}

export interface TurnVisit {
  readonly variable: string;
  readonly element: string;
  readonly visits: Map<ASTNode, Visit>;
}

export function createVisit(): Visit {
  return { visits: new Map(), turns: [], turnsLeftOut: 0, outcome: null };
}

/** The variable and the bodies of a loop; null for any other node. */
export function loopOf(node: ASTNode): { variable: string; bodies: readonly ASTNode[] } | null {
  if (node.op !== 'rcall' || !LOOPS.has(node.args[0])) return null;
  const [variable, ...bodies] = node.args[2];
  return variable?.op === 'id' ? { variable: variable.args, bodies } : null;
}

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);
