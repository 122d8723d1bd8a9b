/**
 * Finds out whether servers could read different paths out of one request target, so that a rule could judge
 * another path than the one that is served. Judged on what the client sent, before Kong normalizes it.
 * Ordinary percent-encoding (`%20`, `%3A`, UTF-8) is not ambiguous: rules see it decoded.
 *
 * @param requestUri the request target (nginx's `$request_uri`), path and query
 * @returns what is wrong with it, or null where it reads the same to everyone
 */
export function findPathAmbiguity(requestUri: string): string | null {
  if (!requestUri.startsWith('/')) return 'the request target does not start with "/"';
  // RFC 9112 §3.2 knows no fragment in a request target; nginx cuts it off, others take it for path or query.
  if (requestUri.includes('#')) return 'the request target contains "#"';
  const path = pathOf(requestUri);
  if (hasControlCharacter(path)) return 'the path contains a control character';
  // What Kong hands over as U+FFFD, the upstream gets as the client sent it.
  if (path.includes('\ufffd')) return 'the path contains bytes that are not UTF-8';
  if (path.includes('\\')) return 'the path contains a backslash';
  if (/%(?![0-9a-f]{2})/i.test(path)) return 'the path contains an invalid percent-encoding';
  if (/%2f/i.test(path)) return 'the path contains an encoded slash';
  if (/%5c/i.test(path)) return 'the path contains an encoded backslash';
  const decoded = decode(path);
  if (decoded === null) return 'the path contains a percent-encoding that is not UTF-8';
  if (hasControlCharacter(decoded)) return 'the path contains an encoded control character';
  if (hasDotSegment(decoded)) return 'the path contains a dot segment';
  // Servlet containers take what follows for parameters and route by the rest.
  if (decoded.includes(';')) return 'the path contains a semicolon';
  // Behind a server that decodes twice, this could become anything.
  return /%[0-9a-f]{2}/i.test(decoded) ? 'the path contains a double encoding' : null;
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

/** RFC 3986 §3.3. */
function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..');
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
