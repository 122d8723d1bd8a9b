import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
} from 'yaml';
import type { JsonValue } from '../../core/json.ts';
import { LIMITS } from '../limits.ts';
import { checkExtent } from './check-extent.ts';
import type { Problem, Source } from './source.ts';

export interface ParsedYaml {
  value: JsonValue;
  /** The node at a path of keys and indexes, aliases followed; undefined where there is none. */
  nodeAt(path: readonly PropertyKey[]): Node | undefined;
  /** Where the key of a map's entry stands. */
  keyOffset(path: readonly PropertyKey[], key: string): number | undefined;
}

/** Parses one YAML 1.2 document of the core schema: string keys, each once; no tags of its own; bounded aliases. */
export function parseYaml(source: Source): ParsedYaml | { problems: Problem[] } {
  const extent = checkExtent(source.text);
  if (extent !== null) return { problems: [extent] };
  const document = parseDocument(source.text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    stringKeys: true,
    resolveKnownTags: false,
    // Comparing each key with all others takes half a minute on a megabyte of keys; the conversion below checks.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    offset: pos[0],
    message: WORDING[code] ?? (message === AFTER_QUOTES ? `${message}; ${QUOTE_ALL}` : message),
  }));
  if (document.directives?.yaml.version !== '1.2') {
    problems.push({ offset: 0, message: 'only YAML 1.2 is understood' });
  }
  if (problems.length > 0) return { problems };
  if (document.contents === null)
    return { problems: [{ offset: 0, message: 'the policy is empty' }] };
  return new Conversion(document.contents).result();
}

/** What the parser makes of `when: "a" in b` and `when: [1, 2] == x`. */
const AFTER_QUOTES = 'Unexpected scalar at node end';
const QUOTE_ALL =
  'a value that starts with a quote or bracket needs quotes around all of it, or ">" before';

const WORDING: Record<string, string> = {
  MULTIPLE_DOCS: 'a policy is one YAML document, not several',
  NON_STRING_KEY: 'a key must be a string',
};

class Conversion {
  readonly #root: Node;
  readonly #problems: Problem[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  #aliases = 0;
  #nodes = 0;

  constructor(root: Node) {
    this.#root = root;
  }

  result(): ParsedYaml | { problems: Problem[] } {
    const value = this.#convert(this.#root, 0, false);
    if (this.#problems.length > 0) return { problems: this.#problems };
    return {
      value,
      nodeAt: (path) => this.#nodeAt(path),
      keyOffset: (path, key) => {
        const node = this.#nodeAt(path);
        if (!isMap(node)) return undefined;
        const pair = node.items.find((item) => keyText(item.key) === key);
        return isNode(pair?.key) ? start(pair.key) : undefined;
      },
    };
  }

  #convert(node: unknown, depth: number, repeated: boolean): JsonValue {
    // A limit is reported once; what lies beyond it is not looked at.
    if (!isNode(node) || this.#exceeds(node, depth)) return null;
    if (isAlias(node)) return this.#follow(node, depth);
    if (!repeated && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) return node.items.map((item) => this.#convert(item, depth + 1, repeated));
    if (isMap(node)) {
      const names = new Set<string>();
      const entries = node.items.map(({ key, value }): [string, JsonValue] => {
        const name = keyText(key);
        if (names.has(name)) this.#report(key, `duplicate key "${name}"`);
        if (name === '__proto__') this.#report(key, 'a key must not be "__proto__"');
        names.add(name);
        return [name, this.#convert(value, depth + 1, repeated)];
      });
      return Object.fromEntries(entries);
    }
    return isScalar(node) ? this.#scalar(node.value, node) : null;
  }

  #scalar(value: unknown, node: Node): JsonValue {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.#report(node, 'not a value that JSON has');
    return null;
  }

  #follow(alias: Alias, depth: number): JsonValue {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#report(alias, `there is no anchor "${alias.source}" before this alias`);
      return null;
    }
    this.#aliases += 1;
    this.#targets.set(alias, target);
    return this.#convert(target, depth + 1, true);
  }

  #exceeds(node: Node, depth: number): boolean {
    this.#nodes += 1;
    const broken =
      (depth > LIMITS.yaml_depth && `nested deeper than ${LIMITS.yaml_depth} levels`) ||
      (this.#aliases > LIMITS.yaml_aliases && `more than ${LIMITS.yaml_aliases} aliases`) ||
      (this.#nodes > LIMITS.yaml_nodes && `more than ${LIMITS.yaml_nodes} values`);
    if (!broken) return false;
    if (this.#problems.length === 0) this.#report(node, broken);
    return true;
  }

  #nodeAt(path: readonly PropertyKey[]): Node | undefined {
    let node: unknown = this.#resolve(this.#root);
    for (const step of path) {
      if (isMap(node)) node = node.items.find(({ key }) => keyText(key) === String(step))?.value;
      else if (isSeq(node)) node = node.items[Number(step)];
      else return undefined;
      node = this.#resolve(node);
    }
    return isNode(node) ? node : undefined;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? this.#resolve(this.#targets.get(node)) : node;
  }

  #report(node: unknown, message: string): void {
    this.#problems.push({ offset: isNode(node) ? start(node) : 0, message });
  }
}

export function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}
