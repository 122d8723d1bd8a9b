import { LIMITS } from './limits.ts';

/**
 * Reads the query of a request target as HTML forms do (https://url.spec.whatwg.org/#urlencoded-parsing).
 *
 * @returns values by name, in order; null where there are more parameters than rules may be asked to look at
 */
export function parseQuery(requestUri: string): ReadonlyMap<string, readonly string[]> | null {
  const start = requestUri.indexOf('?');
  const values = new Map<string, string[]>();
  if (start === -1) return values;
  let count = 0;
  // URLSearchParams drops a leading "?", which to the upstream is part of the first name.
  for (const [name, value] of new URLSearchParams(`&${requestUri.slice(start + 1)}`)) {
    count += 1;
    if (count > LIMITS.query_parameters) return null;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}
