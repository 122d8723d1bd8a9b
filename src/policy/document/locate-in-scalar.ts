import type { Scalar } from 'yaml';
import { start } from './parse-yaml.ts';

/**
 * Finds where in a YAML text a character of a scalar's value stands. Folding and indentation only change white
 * space, so the value's other characters are found in the text in the same order.
 *
 * @param offset in the value, UTF-16 units
 * @returns the offset in the text; the scalar's start where its escapes make the way unclear
 */
export function locateInScalar(text: string, scalar: Scalar, offset: number): number {
  const value = String(scalar.value);
  const end = scalar.range?.[1] ?? text.length;
  let at = contentStart(text, scalar);
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index] ?? '';
    if (/\s/.test(character)) {
      if (index === offset) return at;
      continue;
    }
    at = skip(text, at, end, scalar.type);
    if (text[at] !== character || at >= end) return start(scalar);
    if (index === offset) return at;
    at += scalar.type === 'QUOTE_SINGLE' && character === "'" ? 2 : 1;
  }
  return offset >= value.length ? at : start(scalar);
}

function contentStart(text: string, scalar: Scalar): number {
  switch (scalar.type) {
    case 'BLOCK_FOLDED':
    case 'BLOCK_LITERAL':
      // The header line: indicators and perhaps a comment.
      return text.indexOf('\n', start(scalar)) + 1;
    case 'QUOTE_DOUBLE':
    case 'QUOTE_SINGLE':
      return start(scalar) + 1;
    default:
      return start(scalar);
  }
}

/** Skips white space and, between double quotes, the backslash before a character that stands for itself. */
function skip(text: string, from: number, end: number, type: Scalar['type']): number {
  let at = from;
  while (at < end && /\s/.test(text[at] ?? '')) at += 1;
  if (type === 'QUOTE_DOUBLE' && text[at] === '\\') {
    if (/["\\/]/.test(text[at + 1] ?? '')) return at + 1;
    if (/\s/.test(text[at + 1] ?? '')) return skip(text, at + 1, end, type);
  }
  return at;
}
