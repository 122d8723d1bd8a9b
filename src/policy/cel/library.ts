/**
 * With children.ts and meter-operation.ts the only file that knows the CEL library. Functions of ours stand in for some of the
 * library's own: its `matches` backtracks, its `split` and `join` are unbounded, its `lowerAscii` and `upperAscii`
 * change other letters too (the Kelvin sign becomes `k`), and its `timestamp` takes a time without offset for the
 * process's own zone.
 */
import {
  type ASTNode,
  type Context,
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as TypeCheckError,
} from '@marcbachmann/cel-js';
import { Malfunction } from '../../core/malfunction.ts';
import { LIMITS } from '../limits.ts';
import { children } from './children.ts';
import { FUNCTION_FAILED, FunctionError } from './function-error.ts';
import { FUNCTIONS, type PolicyFunction } from './functions.ts';
import { metered, StepsExceeded, spend, spendOnError } from './meter.ts';
import { meterOperation } from './meter-operation.ts';
import { RequestProblem } from './request-problem.ts';
import {
  ACTOR_FIELDS,
  ActorValue,
  IdentityValue,
  MCP_FIELDS,
  McpValue,
  RequestValue,
  VARIABLES,
  type Variables,
} from './variables.ts';

export type { ASTNode };

/** Something wrong with an expression. The offset counts UTF-16 units from its start. */
export interface ExpressionProblem {
  message: string;
  offset: number;
  /** What is costly to say, to put after the message. */
  hint?: (() => string) | undefined;
}

export interface ParsedExpression {
  readonly ast: ASTNode;
  /** Finds the type, once the tree has been inspected. */
  check(): { type: string } | ExpressionProblem;
  /**
   * @param variables of one decision, in which all evaluations for the same object share the steps
   * @throws ExpressionError of a role that the expression asked for
   * @throws Error otherwise; `describeFailure` puts it into words
   */
  evaluate(variables: Variables): unknown;
}

/** Marks a name that policies cannot spell. */
const OURS = '$';

const environment = createEnvironment();

export function parseExpression(text: string): ParsedExpression | ExpressionProblem {
  let parsed: ParseResult;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    if (error instanceof ParseError) return describeProblem(error);
    throw error;
  }
  return {
    ast: parsed.ast,
    check() {
      visitAll(parsed.ast, replaceFunction);
      const { valid, type, error } = parsed.check();
      if (valid && type !== undefined) {
        // After the check, because that is when the library chooses what computes an operation.
        visitAll(parsed.ast, meterOperation);
        return { type };
      }
      if (error instanceof ParseError || error instanceof TypeCheckError) {
        return describeProblem(error);
      }
      throw new Malfunction('the CEL library failed to check an expression', { cause: error });
    },
    evaluate: (variables) => metered(variables, () => parsed(variables)),
  };
}

/** Puts an evaluation's failure into words of the policy: the library's own message may quote the request. */
export function describeFailure(error: unknown): ExpressionProblem {
  if (error instanceof RequestProblem) return { message: error.message, offset: 0 };
  if (error instanceof StepsExceeded) return { message: error.message, offset: 0 };
  if (!(error instanceof EvaluationError)) return { message: 'evaluation failed', offset: 0 };
  const { node, range } = error;
  const offset = range?.start ?? 0;
  switch (error.code) {
    case 'no_such_key':
      return { message: describeMissingKey(node), offset };
    // These two hold types and operators, never values.
    case 'no_such_overload':
    case 'no_matching_overload':
      return { message: plain(error.summary), offset };
    case 'unsupported_type':
      return { message: 'an integer beyond 2^53, which JSON has rounded, cannot be used', offset };
    case FUNCTION_FAILED:
      return { message: error.summary, offset };
    default:
      return { message: error.code.replaceAll('_', ' '), offset };
  }
}

function describeMissingKey(node: ASTNode | undefined): string {
  if (node?.op === '.') {
    const selection = node.input.slice(node.start, node.end);
    return `no such key "${node.args[1]}"; guard it with has(${selection})`;
  }
  return 'no such key; guard it with `in`, as in "key" in map';
}

function describeProblem(error: ParseError | TypeCheckError): ExpressionProblem {
  const { code, summary, node, range } = error;
  const offset = range?.start ?? 0;
  switch (code) {
    case 'limit_exceeded':
      return { message: describeLimit(summary), offset };
    case 'unexpected_token':
    case 'unexpected_character': {
      const text = node?.input?.slice(range?.start, range?.end) ?? '';
      const hint = text === '=' ? '; compare with "=="' : '';
      const message = text === '' ? 'the expression ends too early' : `unexpected "${text}"${hint}`;
      return { message, offset };
    }
    default: {
      const message = plain(summary);
      return { message: message.charAt(0).toLowerCase() + message.slice(1), offset };
    }
  }
}

function describeLimit(summary: string): string {
  const [, name = '', limit] = /^Exceeded max(\w+) \((\d+)\)$/.exec(summary) ?? [];
  const units: Record<string, string> = {
    Depth: 'levels of nesting',
    ListElements: 'elements in a list',
    MapEntries: 'entries in a map',
    CallArguments: 'arguments of a call',
  };
  return `more than ${limit} ${units[name] ?? 'operands and operators'}`;
}

const SYMBOLS: Record<string, string> = {
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  COMMA: '","',
  COLON: '":"',
};

/** The library's message in words of the language. */
function plain(message: string): string {
  return message
    .replace(/\b(?:[LR](?:PAREN|BRACKET|BRACE)|COMMA|COLON)\b/g, (name) => SYMBOLS[name] ?? name)
    .replace(/\bEOF\b/, 'the end')
    .replaceAll(OURS, '')
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration');
}

const REPLACED = new Set(
  FUNCTIONS.filter(({ replaces }) => replaces).map(({ name, receiver }) =>
    call(name, receiver !== undefined),
  ),
);

function call(name: string, method: boolean): string {
  return method ? `.${name}` : name;
}

/** Before types are checked, because that is when the library looks functions up. */
function replaceFunction(node: ASTNode): void {
  if (
    (node.op === 'call' || node.op === 'rcall') &&
    REPLACED.has(call(node.args[0], node.op === 'rcall'))
  ) {
    node.args[0] = OURS + node.args[0];
  }
}

function visitAll(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  for (const child of children(node)) visitAll(child, visit);
}

function createEnvironment(): Environment {
  const { identity, request, ...others } = VARIABLES;
  const created = new Environment({
    limits: {
      maxAstNodes: LIMITS.expression_characters,
      maxDepth: LIMITS.expression_depth,
      maxListElements: LIMITS.list_elements,
      maxMapEntries: LIMITS.list_elements,
    },
  })
    .registerType('Actor', { ctor: ActorValue, fields: ACTOR_FIELDS })
    .registerType('Identity', { ctor: IdentityValue, fields: identity })
    .registerType('Mcp', { ctor: McpValue, fields: MCP_FIELDS })
    .registerType('Request', { ctor: RequestValue, fields: request })
    .registerVariable('identity', 'Identity')
    .registerVariable('request', 'Request');
  for (const [name, type] of Object.entries(others)) created.registerVariable(name, type);
  for (const policyFunction of FUNCTIONS) register(created, policyFunction);
  registerHasRole(created);
  return created;
}

function register(target: Environment, definition: PolicyFunction): void {
  const { name, receiver, parameters, returns, replaces } = definition;
  const run = definition.run as (...values: unknown[]) => unknown;
  target.registerFunction({
    name: replaces ? OURS + name : name,
    ...(receiver === undefined ? {} : { receiverType: receiver }),
    params: parameters.map((type) => ({ type })),
    returnType: returns,
    async: false,
    handler(...values: unknown[]) {
      try {
        return run(...values);
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        throw new EvaluationError({ code: FUNCTION_FAILED, message: error.message });
      }
    },
  });
}

interface Type {
  name: string;
  kind: string;
}

interface Checker {
  check(node: ASTNode, context: unknown): Type;
  getType(name: string): Type;
  createError(code: string, message: string, node: ASTNode): Error;
}

interface Evaluator {
  run(node: ASTNode, context: unknown): unknown;
  createError(code: string, message: string, node: ASTNode): Error;
}

interface HasRole {
  argument: ASTNode;
}

/** A macro, in the library's sense, because a plain function does not see the evaluation's variables. */
function registerHasRole(target: Environment): void {
  target.registerFunction('has_role(ast): bool', ({ args }: { args: [ASTNode] }) => ({
    argument: args[0],
    async: false,
    typeCheck(checker: Checker, { argument }: HasRole, context: unknown) {
      const type = checker.check(argument, context);
      if (type.name !== 'string' && type.kind !== 'dyn') {
        const message = `found no matching overload for 'has_role(${type.name})'`;
        throw checker.createError('no_matching_overload', message, argument);
      }
      return checker.getType('bool');
    },
    evaluate(evaluator: Evaluator, { argument }: HasRole, context: Context) {
      spend(1);
      const role = evaluator.run(argument, context);
      const identity: unknown = context.getValue('identity');
      if (!(identity instanceof IdentityValue)) throw new Malfunction('identity is not set');
      if (typeof role !== 'string' || !identity.knows(role)) {
        const error = evaluator.createError(FUNCTION_FAILED, 'there is no such role', argument);
        spendOnError(error);
        throw error;
      }
      return identity.holds(role);
    },
  }));
}
