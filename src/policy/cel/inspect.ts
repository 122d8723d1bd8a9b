import type { Attribute } from '../../core/request.ts';
import { LIMITS } from '../limits.ts';
import { suggest } from '../suggest.ts';
import { checkCall, FUNCTION_NAMES, METHOD_NAMES, type RoleNames } from './check-call.ts';
import { children } from './children.ts';
import type { ASTNode, ExpressionProblem } from './library.ts';
import { ACTOR_FIELDS, VARIABLES } from './variables.ts';

/** What an expression reads of the request beyond method, path and route, which are always there. */
export interface Mentions {
  attributes: Set<Attribute>;
  /** Lower-case header names. */
  headers: Set<string>;
  query: boolean;
  now: boolean;
}

export interface Inspection {
  mentions: Mentions;
  problems: ExpressionProblem[];
}

/** Names of CEL's types, as in `type(x) == string`. */
const TYPE_NAMES: ReadonlySet<string> = new Set(
  'bool bytes double int list map null_type string type uint'.split(' '),
);
const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
const ASSOCIATIVE = new Set(['&&', '||', '+']);

/**
 * Walks an expression before its types are checked: collects what it reads, and finds what the type checker lets
 * pass or words poorly (misspelt names, bad literals, limits).
 */
export function inspect(
  ast: ASTNode,
  roles: RoleNames,
  calendars: ReadonlySet<string>,
): Inspection {
  const inspector = new Inspector(roles, calendars);
  inspector.visit(ast, { names: [], depth: 0, comprehensions: 0 });
  return { mentions: inspector.mentions, problems: inspector.problems };
}

interface Scope {
  /** Iteration variables. */
  names: readonly string[];
  depth: number;
  comprehensions: number;
}

class Inspector {
  readonly problems: ExpressionProblem[] = [];
  readonly mentions: Mentions = {
    attributes: new Set(),
    headers: new Set(),
    query: false,
    now: false,
  };
  readonly #roles: RoleNames;
  readonly #calendars: ReadonlySet<string>;
  #tooDeep = false;

  constructor(roles: RoleNames, calendars: ReadonlySet<string>) {
    this.#roles = roles;
    this.#calendars = calendars;
  }

  visit(node: ASTNode, scope: Scope): void {
    if (scope.depth > LIMITS.expression_depth) this.#reportDepth(node);
    else if (node.op === 'id') this.#visitName(node, node.args, scope);
    else if (node.op === '.' || node.op === '[]') this.#visitAccess(node, scope);
    else if (node.op === 'in' && isHeaders(node.args[1], scope)) this.#visitHeader(node.args[0]);
    else if (node.op === 'call' || node.op === 'rcall') this.#visitCall(node, node.args[0], scope);
    else {
      if (node.op === 'map') this.#visitKeys(node.args);
      else if (node.op === 'value') this.#visitLiteral(node);
      for (const operand of this.#operands(node)) this.visit(operand, deeper(scope));
    }
  }

  /** The CEL library makes strings of other keys, so that `"1" in {1: true}` would be true, and loses `__proto__`. */
  #visitKeys(entries: readonly (readonly [ASTNode, ASTNode])[]): void {
    const seen = new Set<string>();
    for (const [key] of entries) {
      if (key.op !== 'value' || typeof key.args !== 'string') {
        this.#report(key, 'a key of a map must be a string in quotes');
      } else if (key.args === '__proto__') {
        this.#report(key, 'a map cannot have a key "__proto__"');
      } else if (seen.has(key.args)) {
        this.#report(key, `the map has the key "${key.args}" twice`);
      } else {
        seen.add(key.args);
      }
    }
  }

  /** To the CEL library 3u is another number than the 3 of a claim, so that a deny rule would pass it by. */
  #visitLiteral(node: ASTNode): void {
    const { args } = node;
    if (typeof args === 'object' && args !== null && args.constructor.name === 'UnsignedInt') {
      this.#report(node, 'numbers are written without "u"');
    }
  }

  /** `a || b || c` is a tree that leans to the left; its length is not depth. */
  #operands(node: ASTNode): readonly ASTNode[] {
    if (!ASSOCIATIVE.has(node.op)) return children(node);
    const operands: ASTNode[] = [];
    let rest = node;
    while (rest.op === node.op) {
      const [left, right] = children(rest);
      if (left === undefined || right === undefined) break;
      operands.push(right);
      rest = left;
    }
    operands.push(rest);
    if (operands.length > LIMITS.expression_chain) {
      this.#report(node, `more than ${LIMITS.expression_chain} operands of "${node.op}" in a row`);
    }
    return operands.reverse();
  }

  #visitName(node: ASTNode, name: string, scope: Scope): void {
    if (scope.names.includes(name) || TYPE_NAMES.has(name)) return;
    if (!Object.hasOwn(VARIABLES, name)) {
      const known = () => [...Object.keys(VARIABLES), ...scope.names];
      this.#report(node, `unknown variable "${name}"`, () => suggest(name, known()));
    } else if (name === 'identity' || name === 'request') {
      this.#report(node, `"${name}" can only be read field by field, as in ${EXAMPLE[name]}`);
    } else if (name === 'holidays') {
      this.#report(node, 'a calendar is read by its name, as in holidays.germany');
    } else if (name === 'service') {
      this.mentions.attributes.add('service');
    } else if (name === 'now') {
      this.mentions.now = true;
    }
  }

  /** A selection such as `identity.claims.amr`, `request["path"]` or `labels[x]`. */
  #visitAccess(node: AccessNode, scope: Scope): void {
    const [object, key] = node.args;
    const selected = recordField(node, scope);
    if (selected !== null) {
      this.#visitField(node, selected);
    } else if (isHeaders(object, scope)) {
      this.#visitHeader(node);
    } else if (isVariable(object, 'holidays', scope)) {
      this.#visitCalendar(node);
    } else {
      if (isActor(object, scope)) this.#visitActorField(node);
      this.visit(object, deeper(scope));
      if (typeof key !== 'string') this.visit(key, deeper(scope));
    }
  }

  #visitField(node: ASTNode, { record, field }: RecordField): void {
    const fields = Object.keys(VARIABLES[record]);
    if (!fields.includes(field)) {
      this.#report(node, `${record} has no field "${field}"`, () => suggest(field, fields));
    } else if (record === 'identity') {
      if (field === 'roles' && this.#roles === null) {
        this.#report(node, 'a role cannot depend on roles');
      }
    } else if (field === 'headers') {
      this.#report(node, 'a header is read by its name, as in request.headers["x-request-id"]');
    } else if (field === 'query') {
      this.mentions.query = true;
    } else if (field === 'host' || field === 'client_ip') {
      this.mentions.attributes.add(field);
    } else if (field === 'body' || field === 'mcp') {
      this.mentions.attributes.add('raw_body');
      // Without its type, a body could be read as something else than JSON by whoever gets it.
      this.mentions.headers.add('content-type').add('content-encoding');
    }
  }

  #visitCalendar(node: ASTNode): void {
    const name = literalKey(node);
    if (name === null) {
      this.#report(node, 'the name of a calendar must be a string literal');
    } else if (!this.#calendars.has(name)) {
      const hint = () => suggest(name, this.#calendars);
      this.#report(node, `holidays has no calendar "${name}"`, hint);
    }
  }

  #visitActorField(node: ASTNode): void {
    const field = literalKey(node);
    if (field === null || Object.hasOwn(ACTOR_FIELDS, field)) return;
    const hint = () => suggest(field, Object.keys(ACTOR_FIELDS));
    this.#report(node, `identity.actor has no field "${field}"`, hint);
  }

  /** @param node the access, or the left side of `"name" in request.headers` */
  #visitHeader(node: ASTNode): void {
    const name = node.op === 'value' ? node.args : literalKey(node);
    if (typeof name !== 'string') {
      this.#report(node, 'the name of a header must be a string literal');
    } else if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/.test(name)) {
      this.#report(node, `"${name}" is not the lower-case name of a header`);
    } else {
      this.mentions.headers.add(name);
    }
  }

  #visitCall(node: CallNode, name: string, scope: Scope): void {
    const names = node.op === 'rcall' ? METHOD_NAMES : FUNCTION_NAMES;
    if (!names.has(name)) {
      const kind = node.op === 'rcall' ? 'method' : 'function';
      this.#report(node, `unknown ${kind} "${name}"`, () => suggest(name, names));
    }
    const problem = checkCall(node, this.#roles);
    if (problem !== null) this.problems.push(problem);
    if (node.op === 'rcall' && COMPREHENSIONS.has(name)) this.#visitComprehension(node, scope);
    else for (const child of children(node)) this.visit(child, deeper(scope));
  }

  #visitComprehension(node: ASTNode, scope: Scope): void {
    const [range, variable, ...bodies] = children(node);
    if (range !== undefined) this.visit(range, deeper(scope));
    if (variable?.op !== 'id') return;
    const name = variable.args;
    const inner = {
      ...deeper(scope),
      names: [...scope.names, name],
      comprehensions: scope.comprehensions + 1,
    };
    if (inner.comprehensions > LIMITS.comprehension_depth) {
      const limit = LIMITS.comprehension_depth;
      this.#report(node, `more than ${limit} of all, exists, map and filter inside each other`);
      return;
    }
    if (Object.hasOwn(VARIABLES, name) || scope.names.includes(name)) {
      this.#report(variable, `"${name}" is already the name of a variable`);
    }
    for (const body of bodies) this.visit(body, inner);
  }

  #reportDepth(node: ASTNode): void {
    if (!this.#tooDeep) {
      this.#report(node, `nested deeper than ${LIMITS.expression_depth} levels`);
    }
    this.#tooDeep = true;
  }

  #report(node: ASTNode, message: string, hint?: () => string): void {
    this.problems.push({ message, offset: node.pos, hint });
  }
}

type AccessNode = Extract<ASTNode, { op: '.' | '[]' }>;
type CallNode = Extract<ASTNode, { op: 'call' | 'rcall' }>;

interface RecordField {
  record: 'identity' | 'request';
  field: string;
}

const EXAMPLE = { identity: 'identity.subject', request: 'request.path' };

function deeper(scope: Scope): Scope {
  return { ...scope, depth: scope.depth + 1 };
}

/** The record and field that `identity.x` or `request["x"]` selects; null for any other node. */
function recordField(node: ASTNode, scope: Scope): RecordField | null {
  if (node.op !== '.' && node.op !== '[]') return null;
  const [object] = node.args;
  if (object.op !== 'id' || scope.names.includes(object.args)) return null;
  if (object.args !== 'identity' && object.args !== 'request') return null;
  const field = literalKey(node);
  return field === null ? null : { record: object.args, field };
}

function isVariable(node: ASTNode, name: string, scope: Scope): boolean {
  return node.op === 'id' && node.args === name && !scope.names.includes(name);
}

function isHeaders(node: ASTNode, scope: Scope): boolean {
  const selected = recordField(node, scope);
  return selected?.record === 'request' && selected.field === 'headers';
}

function isActor(node: ASTNode, scope: Scope): boolean {
  const selected = recordField(node, scope);
  return selected?.record === 'identity' && selected.field === 'actor';
}

function literalKey(node: ASTNode): string | null {
  if (node.op === '.') return node.args[1];
  if (node.op !== '[]') return null;
  const [, key] = node.args;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : null;
}
