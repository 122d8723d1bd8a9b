/** Connection options that name no header of ours: RFC 9110 §7.6.1, §7.8, §10.1.4 and RFC 7540 §3.2.1. */
const HARMLESS = new Set(['', 'close', 'keep-alive', 'upgrade', 'te', 'http2-settings']);

/**
 * Whether a client's `Connection` header asks for headers to be dropped on the way. Kong drops what it names after all
 * plugins have run, so a client could take away the verified headers that the upstream relies on.
 */
export function dropsHeaders(connection: string | undefined): boolean {
  if (connection === undefined) return false;
  return connection.split(',').some((option) => !HARMLESS.has(option.trim().toLowerCase()));
}
