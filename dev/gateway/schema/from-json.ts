import type { ConfigValue } from './field.ts';

/** A parsed JSON value (`JSON.parse`) as a configuration value. */
export function fromJson(value: unknown): ConfigValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (Array.isArray(value)) return value.map(fromJson);
  return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
}
