import { Malfunction } from '../../core/malfunction.ts';
import { children } from './children.ts';
import { describeSteps, type Step } from './describe-steps.ts';
import { ExpressionError } from './expression-error.ts';
import { formatValue } from './format-value.ts';
import { type ASTNode, describeFailure, parseExpression } from './library.ts';
import { RequestProblem } from './request-problem.ts';
import type { Variables } from './variables.ts';
import { createVisit, loopOf, type Visit } from './visit.ts';

export interface TracedExpression {
  /** @throws ExpressionError as `Expression` does */
  evaluate(variables: Variables): boolean;
  /** What came of each part the first time it was evaluated; null where it has not been. */
  firstEvaluation(): Step | null;
}

/** A list may be long; what decided is shown in any case. */
const SHOWN_TURNS = 10;

/**
 * Compiles a condition that remembers how it was evaluated. It is evaluated by the CEL library as always, and only
 * watched: what the library skips has not been evaluated here either.
 *
 * @param text a condition that `compileExpression` takes
 * @param locate tells where in the policy an offset of the text is
 */
export function traceExpression(
  text: string,
  locate: (offset: number) => string,
): TracedExpression {
  const parsed = parseExpression(text);
  if ('message' in parsed) throw new Malfunction('an expression that does not parse was traced');
  const checked = parsed.check();
  if ('message' in checked) throw new Malfunction('an expression of no type was traced');
  const recorder = new Recorder();
  recorder.watch(parsed.ast, null);
  let first: Step | null = null;
  return {
    evaluate(variables) {
      const visit = recorder.start();
      try {
        const value = parsed.evaluate(variables);
        if (typeof value === 'boolean') return value;
        throw new ExpressionError(locate(0), 'the condition is neither true nor false');
      } catch (error) {
        if (error instanceof ExpressionError) throw error;
        const { message, offset } = describeFailure(error);
        const request = error instanceof RequestProblem ? error : undefined;
        throw new ExpressionError(locate(offset), message, request);
      } finally {
        first ??= describeSteps(parsed.ast, visit.visits.get(parsed.ast));
      }
    },
    firstEvaluation: () => first,
  };
}

type Evaluate = (evaluator: unknown, node: unknown, context: Context) => unknown;

interface Context {
  getValue(name: string): unknown;
}

/** What the CEL library keeps on a node: `evaluate`, which it replaces itself, and what that stands for. */
interface EvaluatedNode {
  evaluate: Evaluate;
  readonly meta: {
    readonly evaluate: Evaluate;
    readonly alternate?: EvaluatedNode;
    readonly macro?: { readonly evaluate: Evaluate };
  };
}

class Recorder {
  #current = createVisit();

  start(): Visit {
    this.#current = createVisit();
    return this.#current;
  }

  /** @param loop of a loop's body: its variable, and whether a turn begins with this node */
  watch(node: ASTNode, loop: { variable: string; begins: boolean } | null): void {
    if (!isEvaluated(node)) throw new Malfunction('the CEL library changed how it evaluates');
    const run = evaluationOf(node);
    node.evaluate = (evaluator, _node, context) => {
      const outer = this.#current;
      const visit = createVisit();
      visitsOf(outer, loop, context).set(node, visit);
      this.#current = visit;
      try {
        const value = run(evaluator, context);
        visit.outcome = { value };
        return value;
      } catch (error) {
        visit.outcome = { error };
        throw error;
      } finally {
        this.#current = outer;
      }
    };
    const bodies = loopOf(node);
    for (const child of children(node)) {
      const body = bodies?.bodies.indexOf(child) ?? -1;
      const inner = bodies !== null && body !== -1;
      this.watch(child, inner ? { variable: bodies.variable, begins: body === 0 } : null);
    }
  }
}

function visitsOf(
  outer: Visit,
  loop: { variable: string; begins: boolean } | null,
  context: Context,
): Map<ASTNode, Visit> {
  if (loop === null) return outer.visits;
  const last = outer.turns.at(-1);
  if (!loop.begins && last !== undefined) return last.visits;
  const element = formatValue(context.getValue(loop.variable));
  const turn = { variable: loop.variable, element, visits: new Map<ASTNode, Visit>() };
  // One more than is shown: the last turn may be the one that decides.
  if (outer.turns.length > SHOWN_TURNS) {
    outer.turns.pop();
    outer.turnsLeftOut += 1;
  }
  outer.turns.push(turn);
  return turn.visits;
}

function isEvaluated(node: object): node is EvaluatedNode {
  return 'meta' in node && 'evaluate' in node;
}

function evaluationOf(node: EvaluatedNode): (evaluator: unknown, context: Context) => unknown {
  const { alternate, macro, evaluate } = node.meta;
  if (alternate) return (evaluator, context) => alternate.evaluate(evaluator, alternate, context);
  if (macro) return (evaluator, context) => macro.evaluate(evaluator, macro, context);
  return (evaluator, context) => evaluate(evaluator, node, context);
}
