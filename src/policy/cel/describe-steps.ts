import { children } from './children.ts';
import { ExpressionError } from './expression-error.ts';
import { formatValue } from './format-value.ts';
import { type ASTNode, describeFailure } from './library.ts';
import { sourceText } from './source-text.ts';
import { loopOf, type TurnVisit, type Visit } from './visit.ts';

/** A sub-expression of a condition and what came of it in one evaluation. */
export interface Step {
  /** As the policy has it. */
  readonly text: string;
  /** The value in words of CEL, shortened; null where it failed or was not evaluated. */
  readonly value: string | null;
  readonly error: string | null;
  /** Of the operands of `&&` and `||`, and of the turns of a loop: it alone settles what they make together. */
  readonly decides: boolean;
  readonly parts: readonly Step[];
  /** Of `all`, `exists`, `exists_one`, `filter` and `map`: the first turns, and the last. */
  readonly turns: readonly Turn[];
  readonly turns_left_out: number;
}

export interface Turn {
  readonly variable: string;
  readonly element: string;
  readonly decides: boolean;
  readonly parts: readonly Step[];
}

/** Puts into words what came of an expression and its parts. */
export function describeSteps(node: ASTNode, visit: Visit | undefined): Step {
  return toStep(node, visit, false);
}

function toStep(node: ASTNode, visit: Visit | undefined, decides: boolean): Step {
  const turns = visit?.turns ?? [];
  const outcome = visit?.outcome ?? null;
  return {
    text: sourceText(node),
    value: outcome !== null && 'value' in outcome ? formatValue(outcome.value) : null,
    error: outcome !== null && 'error' in outcome ? describe(outcome.error) : null,
    decides,
    parts: parts(node, visit),
    turns: turns.map((turn, index) => toTurn(node, turn, visit, index === turns.length - 1)),
    turns_left_out: visit?.turnsLeftOut ?? 0,
  };
}

function describe(error: unknown): string {
  if (error instanceof ExpressionError) return error.message;
  return describeFailure(error).message;
}

function parts(node: ASTNode, visit: Visit | undefined): Step[] {
  // What was not evaluated has no parts that were.
  if (visit === undefined || isSelection(node) || isHas(node)) return [];
  const loop = loopOf(node);
  const operands = operandsOf(node, visit).filter(({ node: { op } }) => op !== 'value');
  if (loop !== null) {
    const [range] = children(node);
    return operands.filter((operand) => operand.node === range).map(toPart);
  }
  const decider = decidingOperand(node, visit, operands);
  return operands.map((operand) => toPart({ ...operand, decides: operand === decider }));
}

interface Operand {
  readonly node: ASTNode;
  readonly visit: Visit | undefined;
  readonly decides?: boolean;
}

function toPart({ node, visit, decides = false }: Operand): Step {
  return toStep(node, visit, decides);
}

/** `a || b || c` is a tree that leans to the left; it reads as one operation on three. */
function operandsOf(node: ASTNode, visit: Visit | undefined): Operand[] {
  return children(node).flatMap((child, index) => {
    const inner = visit?.visits.get(child);
    const isChain = (node.op === '&&' || node.op === '||') && child.op === node.op && index === 0;
    return isChain ? operandsOf(child, inner) : [{ node: child, visit: inner }];
  });
}

/** A false settles `&&` and a true `||`, whatever the other operands are; an error does where nothing else has. */
function decidingOperand(
  { op }: ASTNode,
  { outcome }: Visit,
  operands: readonly Operand[],
): Operand | undefined {
  if ((op !== '&&' && op !== '||') || outcome === null) return undefined;
  const isSettled = 'value' in outcome && outcome.value === (op === '||');
  if (isSettled) {
    return operands.find(({ visit }) => outcomeValue(visit) === (op === '||'));
  }
  if ('value' in outcome) return undefined;
  return operands.find(({ visit }) => visit?.outcome && 'error' in visit.outcome);
}

function outcomeValue(visit: Visit | undefined): unknown {
  const outcome = visit?.outcome;
  return outcome && 'value' in outcome ? outcome.value : undefined;
}

function toTurn(
  node: ASTNode,
  { variable, element, visits }: TurnVisit,
  loop: Visit | undefined,
  isLast: boolean,
): Turn {
  const bodies = loopOf(node)?.bodies ?? [];
  const evaluated = bodies.filter((body) => visits.has(body));
  const [method, value] = [node.op === 'rcall' ? node.args[0] : '', outcomeValue(loop)];
  const settles = (method === 'exists' && value === true) || (method === 'all' && value === false);
  return {
    variable,
    element,
    // These two end at the element that settles them.
    decides: isLast && settles,
    parts: evaluated.map((body) => toStep(body, visits.get(body), false)),
  };
}

/** `identity.claims.amr`, `labels["env"]`: one thing to the reader, though several steps to the library. */
function isSelection(node: ASTNode): boolean {
  if (node.op === 'id') return true;
  if (node.op === '.') return isSelection(node.args[0]);
  return node.op === '[]' && node.args[1].op === 'value' && isSelection(node.args[0]);
}

/** It looks at its argument without evaluating it. */
function isHas(node: ASTNode): boolean {
  return node.op === 'call' && node.args[0] === 'has';
}
