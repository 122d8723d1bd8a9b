import type { ASTNode } from '../library.ts';
import type { Variables } from '../variables.ts';
import { foretellRole } from './foretell-role.ts';
import { isAmong } from './is-among.ts';
import { type Known, literalText, selectedPath } from './known.ts';
import { knownText } from './known-text.ts';

/** What a condition surely asks for: it is false for every request that has none of the keys. */
export interface Guard {
  readonly source: Source;
  readonly keys: readonly string[];
}

/** Where requests have keys: their route, their method, the groups of who asks. */
export interface Source {
  readonly name: string;
  /**
   * @param wanted the keys that some condition asks for
   * @returns at least those of them that the request has; undefined where that cannot be told at once
   */
  select(variables: Variables, wanted: ReadonlyMap<string, unknown>): readonly string[] | undefined;
}

/** The guards of a condition: it may be found by any of them. */
export function findGuards(ast: ASTNode): readonly Guard[] {
  if (ast.op === '&&') return [...findGuards(ast.args[0]), ...findGuards(ast.args[1])];
  const guard = findGuard(ast);
  // Without a key it could not be found where its source tells nothing.
  return guard === null || guard.keys.length === 0 ? [] : [guard];
}

function findGuard(ast: ASTNode): Guard | null {
  switch (ast.op) {
    case '||':
      return either(findGuard(ast.args[0]), findGuard(ast.args[1]));
    case '==':
      return equality(...ast.args) ?? equality(ast.args[1], ast.args[0]);
    case 'in':
      return membership(...ast.args);
    case 'call':
      return role(...ast.args);
    case 'rcall':
      return prefix(...ast.args);
    default:
      return null;
  }
}

function either(one: Guard | null, other: Guard | null): Guard | null {
  if (one === null || other === null || one.source.name !== other.source.name) return null;
  return { source: one.source, keys: [...one.keys, ...other.keys] };
}

function equality(variable: ASTNode, value: ASTNode): Guard | null {
  const key = literalText(value);
  const source = textSource(variable);
  return key === null || source === null ? null : { source, keys: [key] };
}

function membership(element: ASTNode, container: ASTNode): Guard | null {
  if (container.op === 'list') {
    const keys = container.args.map(literalText).filter((key) => key !== null);
    const source = textSource(element);
    return source === null || keys.length < container.args.length ? null : { source, keys };
  }
  const key = literalText(element);
  const source = LISTS.get(selectedPath(container)?.join('.') ?? '');
  return key === null || source === undefined ? null : { source, keys: [key] };
}

function role(name: string, parameters: readonly ASTNode[]): Guard | null {
  const key = name === 'has_role' ? literalText(parameters[0]) : null;
  return key === null ? null : { source: ROLES, keys: [key] };
}

/** `request.path.startsWith("/tasks/")`: the first segment has to be that. */
function prefix(method: string, receiver: ASTNode, parameters: readonly ASTNode[]): Guard | null {
  const text = method === 'startsWith' ? literalText(parameters[0]) : null;
  const key = text === null ? null : firstSegment(text);
  if (key === null || selectedPath(receiver)?.join('.') !== 'request.path') return null;
  return { source: SEGMENTS, keys: [key] };
}

/** @returns `/tasks/` of `/tasks/7`; null where there is but one segment */
function firstSegment(path: string): string | null {
  const end = path.indexOf('/', 1);
  return end === -1 ? null : path.slice(0, end + 1);
}

function textSource(node: ASTNode): Source | null {
  const path = selectedPath(node);
  const text = path === null ? null : knownText(node);
  return text === null
    ? null
    : { name: JSON.stringify(path), select: (variables) => one(text, variables) };
}

function one(text: Known<string>, variables: Variables): readonly string[] | undefined {
  const value = text(variables);
  return value === undefined ? undefined : [value];
}

const ROLES: Source = {
  name: 'roles',
  select: ({ identity }, wanted) =>
    [...wanted.keys()].filter((name) => foretellRole(identity, name) !== false),
};

const SEGMENTS: Source = {
  name: 'segments',
  select({ request }) {
    const segment = firstSegment(request.path);
    return segment === null ? [] : [segment];
  },
};

const LISTS: ReadonlyMap<string, Source> = new Map(
  (['groups', 'scopes'] as const).map((field) => [
    `identity.${field}`,
    {
      name: field,
      select({ identity }, wanted) {
        const list = identity[field];
        if (list.length <= wanted.size) return list;
        return [...wanted.keys()].filter((key) => isAmong(key, list));
      },
    },
  ]),
);
