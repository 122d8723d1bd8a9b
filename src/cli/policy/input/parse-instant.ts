import { InvalidArgumentError } from 'commander';
import { parseTimestamp } from '../../../policy/time/timestamp.ts';

/** @returns milliseconds since the Unix epoch */
export function parseInstant(text: string): number {
  const instant = parseTimestamp(text);
  if (instant !== null) return instant;
  throw new InvalidArgumentError(
    'Expected an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z.',
  );
}
