import { LIMITS } from '../limits.ts';
import type { RoleNames } from './check-call.ts';
import { ExpressionError } from './expression-error.ts';
import { inspect, type Mentions } from './inspect.ts';
import {
  describeFailure,
  type ExpressionProblem,
  type ParsedExpression,
  parseExpression,
} from './library.ts';
import { RequestProblem } from './request-problem.ts';
import { type Foresight, foresee } from './rules-out.ts';
import type { Variables } from './variables.ts';

const NO_CALENDARS: ReadonlySet<string> = new Set();

/** A condition, checked and ready to be evaluated. */
export interface Expression extends Partial<Foresight> {
  readonly mentions: Mentions;
  /** @throws ExpressionError where it has no value for these variables, or one that is not a bool */
  evaluate(variables: Variables): boolean;
}

/**
 * Compiles a condition.
 *
 * @param text CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md)
 * @param locate tells where in the policy an offset of the text is, as `policy.yaml:12:9`
 * @param roles the roles it may ask for; null for a role's own expression
 * @param calendars the names that `holidays` has
 */
export function compileExpression(
  text: string,
  locate: (offset: number) => string,
  roles: RoleNames,
  calendars: ReadonlySet<string> = NO_CALENDARS,
): Expression | { problems: ExpressionProblem[] } {
  if (text.length > LIMITS.expression_characters) {
    return refused(`an expression has at most ${LIMITS.expression_characters} characters`);
  }
  const parsed = parseExpression(text);
  if ('message' in parsed) return { problems: [parsed] };
  const { mentions, problems } = inspect(parsed.ast, roles, calendars);
  if (problems.length > 0) return { problems };
  const foresight = foresee(parsed.ast);
  const checked = parsed.check();
  if ('message' in checked) return { problems: [checked] };
  if (!/^(?:bool|dyn)\b/.test(checked.type)) {
    return refused(`a condition must be true or false, not of type ${checked.type}`);
  }
  return {
    mentions,
    evaluate(variables) {
      const value = evaluate(parsed, variables, locate);
      if (typeof value === 'boolean') return value;
      throw new ExpressionError(locate(0), 'the condition is neither true nor false');
    },
    ...foresight,
  };
}

function evaluate(
  parsed: ParsedExpression,
  variables: Variables,
  locate: (offset: number) => string,
): unknown {
  try {
    return parsed.evaluate(variables);
  } catch (error) {
    // A role's expression has failed, and says so at its own place.
    if (error instanceof ExpressionError) throw error;
    const { message, offset } = describeFailure(error);
    const request = error instanceof RequestProblem ? error : undefined;
    throw new ExpressionError(locate(offset), message, request);
  }
}

function refused(message: string): { problems: ExpressionProblem[] } {
  return { problems: [{ message, offset: 0 }] };
}
