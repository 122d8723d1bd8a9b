import { children } from '../../../src/policy/cel/children.ts';
import { inspect } from '../../../src/policy/cel/inspect.ts';
import { type ASTNode, describeFailure, parseExpression } from '../../../src/policy/cel/library.ts';
import { IdentityValue, RequestValue, type Variables } from '../../../src/policy/cel/variables.ts';
import { loopOf } from '../../../src/policy/cel/visit.ts';
import { canonical } from './canonical.ts';

/** What became of an expression: a policy that has it does not load, or it fails, or it has a value. */
export type Outcome =
  | { readonly refused: string }
  | { readonly error: string }
  | { readonly value: string };

/**
 * Evaluates an expression of any type as a policy's condition would be, with variables of any name and value: they
 * stand in `request.body`, whose type nobody knows before a request comes.
 */
export function evaluateFreely(text: string, bindings: ReadonlyMap<string, unknown>): Outcome {
  const named = parseExpression(text);
  if ('message' in named) return { refused: named.message };
  return evaluateExpression(readFromBody(text, named.ast, bindings), variablesWith(bindings));
}

/** Evaluates an expression of any type as a policy's condition would be. */
export function evaluateExpression(text: string, variables: Variables): Outcome {
  const parsed = parseExpression(text);
  if ('message' in parsed) return { refused: parsed.message };
  const [problem] = inspect(parsed.ast, null, new Set()).problems;
  if (problem) return { refused: problem.message };
  try {
    const checked = parsed.check();
    if ('message' in checked) return { refused: checked.message };
    return { value: canonical(parsed.evaluate(variables)) };
  } catch (error) {
    return { error: describeFailure(error).message };
  }
}

function readFromBody(text: string, ast: ASTNode, bindings: ReadonlyMap<string, unknown>): string {
  const found: ASTNode[] = [];
  collect(ast, new Set(bindings.keys()), found);
  return found
    .sort((left, right) => right.start - left.start)
    .reduce((rest, { start, end, args }) => {
      return `${rest.slice(0, start)}request.body[${JSON.stringify(args)}]${rest.slice(end)}`;
    }, text);
}

/** Names that no loop around them hides. */
function collect(node: ASTNode, names: ReadonlySet<string>, found: ASTNode[]): void {
  if (node.op === 'id' && names.has(node.args)) found.push(node);
  const loop = loopOf(node);
  if (loop === null) {
    for (const child of children(node)) collect(child, names, found);
    return;
  }
  const inner = new Set(names);
  inner.delete(loop.variable);
  const [range] = children(node);
  if (range) collect(range, names, found);
  for (const body of loop.bodies) collect(body, inner, found);
}

function variablesWith(bindings: ReadonlyMap<string, unknown>): Variables {
  const request = new RequestValue({ method: 'GET', path: '/' });
  Object.defineProperty(request, 'body', { value: bindings });
  const roles = { knows: () => false, holds: () => false, all: () => [] };
  return {
    identity: new IdentityValue(null, roles),
    request,
    labels: new Map(),
    holidays: new Map(),
    route: '',
    service: '',
    now: new Date('2026-11-20T12:00:00Z'),
  };
}
