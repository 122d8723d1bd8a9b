import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** Far deeper than any real token or call, far shallower than any parser's stack. */
const MAX_DEPTH = 64;

/**
 * Parses an I-JSON object (RFC 7493): UTF-8, no member named twice, no unpaired surrogate. `JSON.parse` alone would
 * keep the last of two members while another reader of the same token keeps the first (RFC 8725 §2.4).
 *
 * @returns null where the bytes are anything else, or nested more than 64 levels deep
 */
export function parseIJson(bytes: Uint8Array): JsonObject | null {
  const value = parseIJsonValue(bytes);
  return isJsonObject(value) ? value : null;
}

/**
 * The same for any JSON value, such as a list.
 *
 * @returns undefined where the bytes are anything else
 */
export function parseIJsonValue(bytes: Uint8Array): JsonValue | undefined {
  let text: string;
  let value: JsonValue;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isInteroperable(text) ? value : undefined;
}

/** Scans a text that is known to be JSON, so every character outside a string is structure or a scalar. */
function isInteroperable(text: string): boolean {
  /** Of each open container, the names seen so far; null for an array. */
  const open: (Set<string> | null)[] = [];
  let expectsName = false;
  let position = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      const end = endOfString(text, position);
      const string = decodeString(text.slice(position, end));
      if (/\p{Surrogate}/u.test(string)) return false;
      const names = expectsName ? open.at(-1) : null;
      if (names?.has(string)) return false;
      names?.add(string);
      position = end;
      continue;
    }
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    if (open.length > MAX_DEPTH) return false;
    if (character === '{' || character === ',') expectsName = open.at(-1) !== null;
    else if (character === '[' || character === ':') expectsName = false;
    position += 1;
  }
  return true;
}

/** The position after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

function decodeString(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}
