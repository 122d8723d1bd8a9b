import { describe, expect, it } from 'vitest';
import { signatureV4 } from '../../../dev/aws/signature-v4.ts';

// The first of AWS's published test suite for Signature Version 4 (get-vanilla) and its variants.
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const VANILLA = {
  method: 'GET',
  path: '/',
  query: new URLSearchParams(),
  headers: new Map([
    ['host', 'example.amazonaws.com'],
    ['x-amz-date', '20150830T123600Z'],
  ]),
  signedHeaders: ['host', 'x-amz-date'],
  body: '',
  date: '20150830T123600Z',
  region: 'us-east-1',
  service: 'service',
};

describe('signatureV4', () => {
  it('signs as the test suite of AWS has it', () => {
    expect(signatureV4(VANILLA, SECRET)).toBe(
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });

  it('signs the query in the order of its names', () => {
    const sorted = signatureV4({ ...VANILLA, query: new URLSearchParams('a=1&b=2') }, SECRET);
    const turned = signatureV4({ ...VANILLA, query: new URLSearchParams('b=2&a=1') }, SECRET);
    expect(sorted).toBe(turned);
    expect(sorted).not.toBe(signatureV4(VANILLA, SECRET));
  });

  it('signs header values without the spaces around them, and one for many between', () => {
    const tidy = new Map([...VANILLA.headers, ['x-amz-a', 'b c']]);
    const untidy = new Map([...VANILLA.headers, ['x-amz-a', '  b   c ']]);
    const signedHeaders = ['host', 'x-amz-a', 'x-amz-date'];
    expect(signatureV4({ ...VANILLA, headers: untidy, signedHeaders }, SECRET)).toBe(
      signatureV4({ ...VANILLA, headers: tidy, signedHeaders }, SECRET),
    );
  });
});
