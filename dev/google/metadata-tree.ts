import type { JsonObject } from '../../src/core/json.ts';
import type { Call, Reply } from './call.ts';

export type Entry =
  | string
  | readonly string[]
  | Directory
  /** made on request, and left out of a recursive listing */
  | ((call: Call) => Reply | Promise<Reply>);

export interface Directory {
  readonly [name: string]: Entry;
}

type Found = string | string[] | Directory | ((call: Call) => Reply | Promise<Reply>);

/** @returns undefined when nothing is at the path, also for `%2F` inside a segment or bad escapes */
export function entryAt(root: Directory, path: string): Found | undefined {
  let at: Entry = root;
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/');
  for (const segment of segments[0] === '' && segments.length === 1 ? [] : segments) {
    if (!isDirectory(at)) return undefined;
    const name = decode(segment);
    if (name === undefined || !Object.hasOwn(at, name)) return undefined;
    const next: Entry | undefined = at[name];
    if (next === undefined) return undefined;
    at = next;
  }
  if (!isDirectory(at) && path.endsWith('/')) return undefined;
  return isList(at) ? [...at] : at;
}

/** One name a line; directories end in a slash (cloud.google.com/compute/docs/metadata/querying-metadata). */
export function listing(directory: Directory): string {
  return Object.entries(directory)
    .map(([name, entry]) => `${name}${isDirectory(entry) ? '/' : ''}\n`)
    .join('');
}

/** `recursive=true`: one JSON object, names in camel case. */
export function recursive(directory: Directory): JsonObject {
  const result: JsonObject = {};
  for (const [name, entry] of Object.entries(directory)) {
    if (typeof entry === 'function') continue;
    const key = name.includes('@')
      ? name
      : name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
    result[key] = isDirectory(entry) ? recursive(entry) : isList(entry) ? [...entry] : entry;
  }
  return result;
}

function isList(entry: Entry): entry is readonly string[] {
  return Array.isArray(entry);
}

function isDirectory(entry: Entry): entry is Directory {
  return typeof entry === 'object' && !isList(entry);
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
