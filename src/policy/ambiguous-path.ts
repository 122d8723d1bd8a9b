/** Bytes that, encoded twice or more, could become path structure behind a server that decodes again. */
const NESTED = /%(?:2e|2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i;

/** Decoding once per level; no honest client nests deeper, and each level shortens the text. */
const MAX_LEVELS = 4;

/**
 * Finds out whether servers could read different paths out of one request target, so that a rule could judge
 * another path than the one that is served. Judged on what the client sent, before Kong normalizes it.
 * Ordinary percent-encoding (`%20`, UTF-8) is not ambiguous.
 *
 * @param requestUri the request target (nginx's `$request_uri`), path and query
 * @returns what is wrong with its path, or null where it reads the same to everyone
 */
export function findPathAmbiguity(requestUri: string): string | null {
  if (!requestUri.startsWith('/')) return 'the request target does not start with "/"';
  const path = pathOf(requestUri);
  // RFC 9112 §3.2 knows no fragment in a request target; nginx cuts it off, others take it for path.
  if (path.includes('#')) return 'the path contains "#"';
  if (hasControlCharacter(path)) return 'the path contains a control character';
  if (path.includes('\\')) return 'the path contains a backslash';
  if (/%(?![0-9a-f]{2})/i.test(path)) return 'the path contains an invalid percent-encoding';
  if (/%2f/i.test(path)) return 'the path contains an encoded slash';
  if (/%5c/i.test(path)) return 'the path contains an encoded backslash';
  const decoded = decode(path);
  if (decoded === null) return 'the path contains a percent-encoding that is not UTF-8';
  if (hasControlCharacter(decoded)) return 'the path contains an encoded control character';
  if (hasDotSegment(decoded)) return 'the path contains a dot segment';
  return hasNestedEncoding(decoded) ? 'the path contains a double encoding' : null;
}

function pathOf(requestUri: string): string {
  const query = requestUri.indexOf('?');
  return query === -1 ? requestUri : requestUri.slice(0, query);
}

/** Overlong forms such as `%c0%af`, which some decoders take for a slash, are not UTF-8. */
function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** RFC 3986 §3.3; some servers drop `;parameters` before they resolve dot segments. */
function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => /^\.{1,2}(?:;|$)/.test(segment));
}

function hasNestedEncoding(decoded: string): boolean {
  let text = decoded;
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    if (NESTED.test(text)) return true;
    const next = text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (next === text) return false;
    text = next;
  }
  return true;
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
