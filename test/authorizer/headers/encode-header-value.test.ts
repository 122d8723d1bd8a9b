import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeHeaderList,
  encodeHeaderValue,
} from '../../../src/authorizer/headers/encode-header-value.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(' ', ',', '%', '\r', '\n', '\0', '\x7f', 'é', '😀', 'a', '2', 'C'),
  }),
);

describe('encodeHeaderValue', () => {
  it('decodes back to the text and is nothing but printable ASCII without commas that HTTP does not trim', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const encoded = encodeHeaderValue(text);
        expect(decodeURIComponent(encoded)).toBe(text);
        expect(encoded).not.toContain(',');
        expect(encoded).toMatch(/^(?:[!-~](?:[ -~]*[!-~])?)?$/);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['alice@example.com', 'alice@example.com'],
    ['Doe, Jane (QA) <a+b=c>', 'Doe%2C Jane (QA) <a+b=c>'],
    ['100%', '100%25'],
    ['Zoë', 'Zo%C3%AB'],
    [' padded ', '%20padded%20'],
    [' ', '%20'],
    ['a\r\nX-Admin: true', 'a%0D%0AX-Admin: true'],
    ['', ''],
  ])('writes %j as %j', (text, encoded) => {
    expect(encodeHeaderValue(text)).toBe(encoded);
  });
});

describe('encodeHeaderList', () => {
  it('splits and decodes back to the elements', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1 }), (elements) => {
        const encoded = encodeHeaderList(elements);
        expect(encoded.split(',').map(decodeURIComponent)).toEqual(elements);
        expect(encoded).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 500 },
    );
  });
});
