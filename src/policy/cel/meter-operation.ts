import { type ASTNode, EvaluationError } from '@marcbachmann/cel-js';
import { Malfunction } from '../../core/malfunction.ts';
import { chargeText } from './charge-text.ts';
import { children } from './children.ts';
import { FUNCTION_FAILED, FunctionError } from './function-error.ts';
import { spend, spendOnError } from './meter.ts';

/** Elements or characters that an operation looks at in the time of a step. */
const ELEMENTS = 16;
const CHARACTERS = 64;

type Handle = (first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;

/** What the CEL library's type checker leaves on a node beside what its types tell. */
interface CheckedNode {
  readonly op: string;
  readonly args: unknown;
  readonly meta: { readonly alternate?: CheckedNode; evaluate?: Handle };
  /** Computes the operation. Its first parameters are the operands, or an array of them. */
  handle?: Handle;
}

/** Makes a node whose types have been checked count its steps, in proportion to its operands, before it takes them. */
export function meterOperation(node: ASTNode): void {
  if (!isChecked(node)) throw new Malfunction('the CEL library changed how it evaluates');
  const { evaluate } = node.meta;
  // These two have no handle, as they need not evaluate both operands.
  if (evaluate && (node.op === '||' || node.op === '&&')) {
    node.meta.evaluate = meter(evaluate, chargeNothing, node);
  }
  // `all`, `exists`, `map` and their like evaluate as the loop that they stand for.
  const target = node.meta.alternate ?? node;
  if (target.handle === undefined) return;
  if (target.op !== 'comprehension') {
    target.handle = meter(target.handle, CHARGES[target.op] ?? chargeOne, node);
    return;
  }
  target.handle = meter(target.handle, chargeLoop(node), node);
  const { step } = target.args as { step: CheckedNode };
  if (step.handle) step.handle = meter(step.handle, chargeNothing, node);
}

function meter(handle: Handle, charge: Charge, node: ASTNode): Handle {
  return (first, second, third, fourth) => {
    charge(first, second, node);
    try {
      return handle(first, second, third, fourth);
    } catch (error) {
      spendOnError(error);
      throw error;
    }
  };
}

function isChecked(node: object): node is CheckedNode {
  return 'meta' in node;
}

type Charge = (first: unknown, second: unknown, node: ASTNode) => void;

const CHARGES: Record<string, Charge> = {
  call: chargeCall,
  rcall: chargeCall,
  '+': chargeSum,
  in: chargeComparison,
  '==': chargeComparison,
  '!=': chargeComparison,
};

/** Literals, names and logical operators do not count for themselves, so that a turn has to pay for them. */
function chargeLoop(node: ASTNode): Charge {
  const turn = 1 + countNodes(node) / ELEMENTS;
  return (range) => spend(1 + sizeOf(range) * turn);
}

function countNodes(node: ASTNode): number {
  return children(node).reduce((count, child) => count + countNodes(child), 1);
}

function chargeNothing(): void {}

function chargeOne(): void {
  spend(1);
}

function chargeCall(values: unknown): void {
  spend(1);
  if (!Array.isArray(values)) return;
  for (const value of values) {
    spend(typeof value === 'string' ? value.length / CHARACTERS : sizeOf(value) / ELEMENTS);
  }
}

/** A sum is made anew, so that it costs room as well as time. */
function chargeSum(left: unknown, right: unknown, node: ASTNode): void {
  spend(1);
  spend(sizeOf(left) + sizeOf(right));
  if (typeof left !== 'string' || typeof right !== 'string') return;
  try {
    chargeText(left.length + right.length);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    throw new EvaluationError({ code: FUNCTION_FAILED, message: error.message, node });
  }
}

/** Counts while it walks: what looks like a long list may be one short list many times over. */
function chargeComparison(left: unknown, right: unknown): void {
  spend(1);
  chargeDeep(left);
  chargeDeep(right);
}

function chargeDeep(value: unknown): void {
  if (typeof value === 'string') {
    if (value.length > CHARACTERS) spend(value.length / CHARACTERS);
  } else if (Array.isArray(value)) {
    spend(value.length / ELEMENTS);
    for (const element of value) chargeDeep(element);
  } else if (typeof value === 'object' && value !== null) {
    const members = value instanceof Map ? [...value.values()] : plainMembers(value);
    spend(members.length / ELEMENTS);
    for (const member of members) chargeDeep(member);
  }
}

/** Of a map that the policy wrote; other objects, such as a timestamp, compare at once. */
function plainMembers(value: object): unknown[] {
  return value.constructor === Object ? Object.values(value) : [];
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (typeof value !== 'object' || value === null) return 0;
  return plainMembers(value).length;
}
