import { isJsonObject } from '../core/json.ts';

/**
 * A configuration as Kong sends it, in a form that is equal for equal configurations: Lua orders members differently in
 * every nginx worker, and `__seq__` counts that worker's reloads.
 *
 * @throws SyntaxError for text that is no JSON
 */
export function canonicalConfig(json: string): string {
  const config: unknown = JSON.parse(json);
  if (!isJsonObject(config)) return JSON.stringify(sorted(config));
  const { __seq__: _, ...rest } = config;
  return JSON.stringify(sorted(rest));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
