import { isJsonObject, type JsonObject } from '../../src/core/json.ts';

/** Picks the audit records out of what a plugin server or Kong has logged. */
export function auditRecords(lines: readonly string[]): JsonObject[] {
  return lines.flatMap((line) => {
    const start = line.indexOf('{"type":"authz"');
    if (start === -1) return [];
    const end = line.lastIndexOf('}');
    const record: unknown = JSON.parse(line.slice(start, end + 1));
    return isJsonObject(record) ? [record] : [];
  });
}
