import type { Finding, Told } from '../finding.ts';

/** So many are named, the rest is counted. */
const NAMED = 3;

/**
 * One finding for however many routes it concerns: of one it has the name, of several the message tells.
 *
 * @param finding its message ends with a full stop
 */
export function findingOfRoutes(routes: readonly string[], { message, ...finding }: Told): Finding {
  const distinct = [...new Set(routes)];
  const [first] = distinct;
  if (first === undefined) return { ...finding, message };
  if (distinct.length === 1) return { ...finding, route: first, message };
  return { ...finding, message: `${message.replace(/\.$/, '')} (routes ${listed(distinct)}).` };
}

/** The first few of a list, and how many more there are. */
export function listed(names: readonly string[], most = NAMED): string {
  const rest = names.length - most;
  if (rest > 0) return `${names.slice(0, most).join(', ')} and ${rest} more`;
  return names.join(', ');
}
