import { isSharedKey } from '../../core/shared-state/is-shared-key.ts';
import type { SharedEntry } from '../../core/shared-state.ts';
import { RedisFailure } from './redis-failure.ts';

/** As Redis has it: field, value, field, value. */
export interface StreamRecord {
  id: string;
  fields: readonly string[];
}

const VERSION = '1';

export function toStreamFields({ key, value, expires_at_ms }: SharedEntry): string[] {
  const expiry = Math.min(Math.ceil(expires_at_ms), Number.MAX_SAFE_INTEGER);
  return ['v', VERSION, 'key', key, 'value', value, 'expires_at_ms', String(expiry)];
}

/** @returns null where it is none that `toStreamFields` of this version has written */
export function fromStreamFields(fields: readonly string[]): SharedEntry | null {
  const [v, version, k, key, val, value, exp, expiry, ...rest] = fields;
  if (v !== 'v' || version !== VERSION || k !== 'key' || val !== 'value') return null;
  if (exp !== 'expires_at_ms' || rest.length > 0) return null;
  const expires_at_ms = /^-?\d{1,16}$/.test(expiry ?? '') ? Number(expiry) : Number.NaN;
  if (!isSharedKey(key) || value === undefined || !Number.isSafeInteger(expires_at_ms)) return null;
  return { key, value, expires_at_ms };
}

/**
 * Reads the answer to an XREAD of one stream.
 *
 * @throws RedisFailure where it is none
 */
export function streamRecords(answer: unknown): StreamRecord[] {
  if (answer === null) return [];
  const stream = Array.isArray(answer) && answer.length === 1 ? answer[0] : undefined;
  const records = Array.isArray(stream) ? stream[1] : undefined;
  if (!Array.isArray(records)) throw unexpected();
  return records.map((record) => {
    const [id, fields] = Array.isArray(record) ? record : [];
    if (typeof id !== 'string' || !Array.isArray(fields)) throw unexpected();
    return { id, fields };
  });
}

function unexpected(): RedisFailure {
  return new RedisFailure('Redis answered XREAD with what is no stream');
}
