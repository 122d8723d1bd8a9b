const SPACE = 0x20;
const TILDE = 0x7e;
const PERCENT = 0x25;
const COMMA = 0x2c;

/**
 * Writes a claim's text so that a header carries it unambiguously: percent-decoding the result as UTF-8 gives the
 * text back. Encoded are `%` itself, `,`, which separates the elements of a list, every byte outside printable ASCII
 * (so CR, LF and NUL never pass), and a space at either end, which HTTP would trim (RFC 9110 §5.5).
 *
 * @param text well-formed Unicode
 */
export function encodeHeaderValue(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let encoded = '';
  for (const [index, byte] of bytes.entries()) {
    const trimmed = byte === SPACE && (index === 0 || index === bytes.length - 1);
    const plain = byte >= SPACE && byte <= TILDE && byte !== PERCENT && byte !== COMMA && !trimmed;
    encoded += plain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** As `encodeHeaderValue` for each element, joined with `,`. */
export function encodeHeaderList(elements: readonly string[]): string {
  return elements.map(encodeHeaderValue).join(',');
}
