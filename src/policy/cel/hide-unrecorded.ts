import type { Expression } from './compile-expression.ts';
import type { Variables } from './variables.ts';

/** What is known of a request. The rest cannot be read: to `has()` as well, because it may have been there. */
export interface Recorded {
  /** `subject`, `issuer`, `actor`, `authenticated` and `roles` always are. */
  readonly identity: readonly ('email' | 'groups' | 'scopes')[];
  /** The claims that are known, or known not to be there, each by name or JSON Pointer; null for all. */
  readonly claims: readonly string[] | null;
  /** `method` and `path` always are. */
  readonly request: readonly ('client_ip' | 'host' | 'query' | 'headers' | 'body' | 'mcp')[];
  readonly service: boolean;
}

/** Thrown at whoever reads what is not known. As with every error, `false && unknown` is false. */
class NotRecorded extends Error {}

/**
 * Makes a condition fail where it would need what is not recorded.
 *
 * @param missed is told what it asked for, as rules spell it
 */
export function hideUnrecorded(
  expression: Expression,
  recorded: Recorded,
  missed: (what: string) => void,
): Expression {
  return {
    mentions: expression.mentions,
    evaluate(variables) {
      hide(variables, recorded, missed);
      return expression.evaluate(variables);
    },
  };
}

/** The variables belong to one evaluation, whose conditions share them. */
const hidden = new WeakSet<Variables>();

function hide(variables: Variables, recorded: Recorded, missed: (what: string) => void): void {
  if (hidden.has(variables)) return;
  hidden.add(variables);
  const { identity, request } = variables;
  const forget = (target: object, name: string, what: string) => {
    const get = () => miss(what, missed);
    Object.defineProperty(target, name, { get, configurable: true });
  };
  for (const name of ['email', 'groups', 'scopes'] as const) {
    if (!recorded.identity.includes(name)) forget(identity, name, `identity.${name}`);
  }
  for (const name of ['client_ip', 'host', 'query', 'headers', 'body', 'mcp'] as const) {
    if (!recorded.request.includes(name)) forget(request, name, `request.${name}`);
  }
  if (!recorded.service) forget(variables, 'service', 'service');
  const { claims } = identity;
  if (recorded.claims !== null && claims instanceof Map) {
    const value = partialMap(claims, toTree(recorded.claims), 'identity.claims', missed);
    Object.defineProperty(identity, 'claims', { value });
  }
}

function miss(what: string, missed: (what: string) => void): never {
  missed(what);
  throw new NotRecorded(`${what} is not recorded`);
}

/** The members that are known, each in full or in part. */
type Tree = Map<string, Tree | 'whole'>;

function toTree(names: readonly string[]): Tree {
  const root: Tree = new Map();
  for (const name of names) {
    const steps = name.startsWith('/')
      ? name
          .slice(1)
          .split('/')
          .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
      : [name];
    plant(root, steps);
  }
  return root;
}

function plant(tree: Tree, [step, ...rest]: readonly string[]): void {
  if (step === undefined || tree.get(step) === 'whole') return;
  if (rest.length === 0) {
    tree.set(step, 'whole');
    return;
  }
  const inner = tree.get(step);
  const branch: Tree = inner instanceof Map ? inner : new Map();
  tree.set(step, branch);
  plant(branch, rest);
}

/** A map to the CEL library, of which only what is known can be asked. */
function partialMap(
  values: ReadonlyMap<string, unknown>,
  known: Tree,
  what: string,
  missed: (what: string) => void,
): Map<string, unknown> {
  const map = new Map<string, unknown>();
  for (const [name, part] of known) {
    const value = values.get(name);
    if (value === undefined) continue;
    const isPart = part !== 'whole' && value instanceof Map;
    map.set(name, isPart ? partialMap(value, part, `${what}.${name}`, missed) : value);
  }
  const find = (name: unknown): unknown => {
    const part = typeof name === 'string' ? known.get(name) : undefined;
    // Of a member known in part nothing is recorded where it has not got that part.
    const value: unknown = part === undefined ? undefined : Map.prototype.get.call(map, name);
    if (part === 'whole' || value !== undefined) return value;
    return miss(`${what}.${name}`, missed);
  };
  const refuse = () => miss(what, missed);
  // `entries` and `values` stay: by them the library looks at types and counts steps, and compares nothing.
  Object.defineProperties(map, {
    get: { value: find },
    has: { value: (name: unknown) => find(name) !== undefined },
    size: { get: refuse },
    keys: { value: refuse },
    forEach: { value: refuse },
    [Symbol.iterator]: { value: refuse },
  });
  return map;
}
