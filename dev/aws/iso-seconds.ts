/** `2026-11-23T09:00:00Z`, as AWS writes times; `seconds` since the epoch */
export function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
