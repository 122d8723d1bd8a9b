import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScalar, parseDocument, type Scalar, stringify } from 'yaml';
import { locateInScalar } from '../../../src/policy/document/locate-in-scalar.ts';

function scalarOf(text: string): Scalar {
  const node = parseDocument(text).get('when', true);
  if (!isScalar(node)) throw new Error('no scalar');
  return node;
}

/** @returns the text from where the first `$` of the value is found to be */
function fromMark(text: string): string {
  const scalar = scalarOf(text);
  const at = locateInScalar(text, scalar, String(scalar.value).indexOf('$'));
  return text.slice(at, at + 3);
}

describe('locateInScalar', () => {
  it.each([
    ['plain', 'when: a && $b c\n'],
    ['plain over lines', 'when: a\n  && $b\n  c\n'],
    ['double quotes', 'when: "a && $b c"\n'],
    ['double quotes with escapes', 'when: "\\"a\\" && \\\\ $b c"\n'],
    ['double quotes over lines', 'when: "a \\\n  && $b c"\n'],
    ['single quotes', "when: 'a && ''x'' $b c'\n"],
    ['folded', 'when: >-\n  a\n\n  && $b c\n'],
    ['folded, with a comment', 'when: > # $b why\n  a && $b c\n'],
    ['literal', 'when: |2\n    a\n   && $b c\n'],
    ['flow', '{ when: a && $b c }\n'],
  ])('finds a character in %s', (_, text) => {
    expect(fromMark(text)).toMatch(/^\$b/);
    expect(text.slice(0, text.indexOf(fromMark(text)))).not.toContain('&& $');
  });

  it('falls back to the start where an escape hides the way', () => {
    const text = 'when: "\\x41 $b"\n';
    const scalar = scalarOf(text);
    expect(locateInScalar(text, scalar, 2)).toBe(6);
  });

  it('finds the same character, or the start, however YAML is written', () => {
    const value = fc.string({
      unit: fc.constantFrom(...'ab"\'\\ \n#:&$'),
      minLength: 1,
      maxLength: 40,
    });
    const style = fc.constantFrom(
      'PLAIN',
      'QUOTE_DOUBLE',
      'QUOTE_SINGLE',
      'BLOCK_FOLDED',
      'BLOCK_LITERAL',
    );
    fc.assert(
      fc.property(value, style, fc.nat(39), (expression, defaultStringType, index) => {
        const text = stringify({ when: expression }, { defaultStringType });
        const scalar = scalarOf(text);
        const offset = index % expression.length;
        const at = locateInScalar(text, scalar, offset);
        const character = expression[offset] ?? '';
        if (at !== scalar.range?.[0] && !/\s/.test(character)) expect(text[at]).toBe(character);
        expect(at).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
