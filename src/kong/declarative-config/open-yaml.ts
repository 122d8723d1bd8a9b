import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Tags,
} from 'yaml';
import { ConfigError } from '../../core/config-error.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Path } from './render-path.ts';

/** What a file holds, and where. */
export interface OpenedYaml {
  value: JsonValue;
  /** `kong.yml:12:5`: the value at a path, or what is nearest above it. */
  locate(path: Path): string;
}

const MOST_CHARACTERS = 16 * 1024 * 1024;
const MOST_ALIASES = 10_000;
const MOST_PROBLEMS = 20;

/**
 * Kong reads YAML 1.1, where `no` is false, though `n` is not. Dates stay text there, for which Lua has no type, and
 * types that JSON has not are none of its business.
 */
function kongsTags(tags: Tags): Tags {
  return tags.flatMap((one): Tags => {
    if (typeof one === 'string') return [one];
    if (/:(?:timestamp|binary|omap|pairs|set)$/.test(one.tag)) return [];
    if (!one.tag.endsWith(':bool') || !('test' in one) || one.test === undefined) return [one];
    return [{ ...one, test: new RegExp(`(?!^[YyNn]$)${one.test.source}`) }];
  });
}

/** @throws ConfigError with the line and the column of each mistake */
export function openYaml(text: string, file: string): OpenedYaml {
  if (text.length > MOST_CHARACTERS) {
    throw new ConfigError([`${file}: has more than ${MOST_CHARACTERS} characters`]);
  }
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const document = parse(text, file, lines);
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.slice(0, MOST_PROBLEMS).map(({ pos, message }) => {
        // What the parser makes of running out of stack.
        const said = message.startsWith('Maximum call stack') ? 'is nested too deeply' : message;
        return `${place(pos[0])}: ${said}`;
      }),
    );
  }
  let value: JsonValue;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    throw new ConfigError([
      `${file}: has more than ${MOST_ALIASES} aliases, or one without anchor`,
    ]);
  }
  const resolve = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);
  return {
    value,
    locate: (path) => place(nearest(document.contents, path, resolve)?.range?.[0] ?? 0),
  };
}

function parse(text: string, file: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, {
      version: '1.1',
      customTags: kongsTags,
      merge: true,
      lineCounter,
      prettyErrors: false,
      logLevel: 'error',
      // Comparing each key with all others takes long on a large file; of two, Kong takes the last, and so does this.
      uniqueKeys: false,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([`${file}: is nested too deeply`]);
  }
}

function nearest(root: unknown, path: Path, resolve: (node: unknown) => unknown): Node | undefined {
  let found: Node | undefined;
  let node: unknown = root;
  for (const step of [...path, undefined]) {
    if (isNode(node)) found = node;
    if (step === undefined) break;
    const here = resolve(node);
    if (isMap(here)) node = memberOf(here.items, String(step), resolve);
    else if (isSeq(here) && typeof step === 'number') node = here.items[step];
    else break;
  }
  return found;
}

/** The value of a key, of the map itself or of one that is merged into it. */
function memberOf(
  items: readonly { key: unknown; value: unknown }[],
  name: string,
  resolve: (node: unknown) => unknown,
): unknown {
  const own = items.findLast(({ key }) => isScalar(key) && String(key.value) === name);
  if (own !== undefined) return own.value ?? own.key;
  const merged = items.find(({ key }) => isScalar(key) && String(key.value) === '<<');
  const source = resolve(merged?.value);
  return isMap(source) ? memberOf(source.items, name, resolve) : undefined;
}
