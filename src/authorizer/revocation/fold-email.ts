/**
 * One text for all spellings of an address that a mail system may take for the same; RFC 9493 §3.2.2.1 leaves it to the
 * parties which. Taking two mailboxes for one refuses a token too many; the reverse would accept a revoked one.
 */
export function foldEmail(address: string): string {
  // Asked of every request's token, and normalizing takes a hundred times as long.
  if (IS_ASCII.test(address)) return address.toLowerCase();
  return address.normalize('NFKC').toUpperCase().toLowerCase();
}

const IS_ASCII = /^[ -~]*$/;
