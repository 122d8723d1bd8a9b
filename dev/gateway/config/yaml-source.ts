import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml';
import type { ConfigKey, ConfigMap, ConfigValue, Path } from '../schema/field.ts';
import { ConfigError, type ConfigProblem } from './problem.ts';
import { plainScalar } from './yaml-scalar.ts';

/** More nodes than this can only come out of aliases that multiply each other. */
const MOST_NODES = 200_000;

/** A YAML file: its value as Kong reads it, and the place of every part of that value. */
export interface YamlSource {
  value: ConfigValue;
  /** The problem `message` at the value at `path`, or at its key; else at the nearest part above. */
  problemAt(path: Path, message: string, at?: 'key'): ConfigProblem;
}

/** @throws ConfigError when the text is not YAML, or not YAML that Kong would take */
export function readYaml(text: string, fileName: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'failsafe',
    version: '1.1',
  });
  const place = (offset: number, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => place(pos[0], message));
    throw new ConfigError(fileName, problems);
  }
  const reader = new Reader(document);
  const value = reader.convert(document.contents);
  if (reader.problems.length > 0) {
    const problems = reader.problems.map(({ node, message }) => place(start(node), message));
    throw new ConfigError(fileName, problems);
  }
  return {
    value,
    problemAt: (path, message, at) => place(start(reader.find(path, at)), message),
  };
}

function start(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

class Reader {
  readonly problems: { node: Node | null; message: string }[] = [];
  readonly #document: Document.Parsed;
  #count = 0;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  convert(node: unknown): ConfigValue {
    this.#count += 1;
    if (this.#count > MOST_NODES) {
      if (this.#count === MOST_NODES + 1) {
        this.problems.push({ node: null, message: 'too many values; do aliases multiply them?' });
      }
      return null;
    }
    const target = this.#dereference(node);
    if (isScalar(target)) return this.#scalar(target);
    if (isSeq(target)) return target.items.map((item) => this.convert(item));
    if (isMap(target)) return this.#map(target);
    return null;
  }

  #dereference(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #scalar(scalar: Scalar): ConfigValue {
    const text = String(scalar.value ?? '');
    if (scalar.tag !== undefined) return this.#tagged(scalar, text);
    return scalar.type === Scalar.PLAIN || scalar.type === undefined ? plainScalar(text) : text;
  }

  #tagged(scalar: Scalar, text: string): ConfigValue {
    const tag = scalar.tag?.replace('tag:yaml.org,2002:', '!!') ?? '';
    if (tag === '!!str') return text;
    if (['!!int', '!!float', '!!bool', '!!null'].includes(tag)) return plainScalar(text);
    this.problems.push({ node: scalar, message: `unsupported tag ${tag}` });
    return null;
  }

  #map(map: YAMLMap): ConfigMap {
    const entries: ConfigMap = new Map();
    for (const pair of map.items) {
      const key = this.#key(pair.key);
      if (key !== '<<') {
        entries.set(key, this.convert(pair.value));
        continue;
      }
      const merged = this.convert(pair.value);
      for (const source of Array.isArray(merged) ? merged : [merged]) {
        if (!(source instanceof Map)) {
          this.problems.push({ node: map, message: "'<<' needs a map or a list of maps" });
          continue;
        }
        for (const [name, item] of source) if (!entries.has(name)) entries.set(name, item);
      }
    }
    return entries;
  }

  #key(node: unknown): ConfigKey {
    const key = this.convert(node);
    return key === null || typeof key === 'object' ? String(key) : key;
  }

  /** The node at a path, or the deepest one on the way to it. */
  find(path: Path, at?: 'key'): Node | null {
    let node: Node | null = this.#document.contents;
    for (const [index, step] of path.entries()) {
      const here = this.#dereference(node);
      const child = isMap(here)
        ? this.#pair(here, String(step))
        : isSeq(here) && typeof step === 'number'
          ? here.items[step]
          : undefined;
      if (child === undefined) return firstKey(here) ?? node;
      const isLast = index === path.length - 1;
      const next = isPair(child)
        ? isLast && at === 'key'
          ? child.key
          : (child.value ?? child.key)
        : child;
      node = asNode(next) ?? node;
    }
    return node;
  }

  #pair(map: YAMLMap, name: string): Pair | undefined {
    return map.items.find((pair) => String(this.#key(pair.key)) === name);
  }
}

/** A missing field is reported at the start of the map that lacks it. */
function firstKey(node: unknown): Node | undefined {
  return isMap(node) ? asNode(node.items[0]?.key) : undefined;
}

function asNode(value: unknown): Node | undefined {
  if (isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)) return value;
  return undefined;
}
