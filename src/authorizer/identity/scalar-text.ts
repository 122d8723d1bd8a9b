import type { JsonValue } from '../../core/json.ts';

/**
 * The text of a string, number or boolean.
 *
 * @returns null for anything else, and for an integer beyond 2^53: parsing may have rounded it to another one
 */
export function scalarText(value: JsonValue | undefined): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return null;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value);
}
