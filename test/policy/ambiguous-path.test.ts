import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPathAmbiguity } from '../../src/policy/ambiguous-path.ts';

const AMBIGUOUS: [requestUri: string, reason: RegExp][] = [
  ['', /does not start with/],
  ['tasks', /does not start with/],
  ['*', /does not start with/],
  ['http://example.com/tasks', /does not start with/],
  ['/a%2fb', /encoded slash/],
  ['/a%2Fb', /encoded slash/],
  ['/a/..%2fb', /encoded slash/],
  ['/a\\b', /backslash/],
  ['/a%5cb', /encoded backslash/],
  ['/a%5Cb', /encoded backslash/],
  ['/.', /dot segment/],
  ['/..', /dot segment/],
  ['/a/../b', /dot segment/],
  ['/a/./b', /dot segment/],
  ['/a/..', /dot segment/],
  ['/a/%2e%2e/b', /dot segment/],
  ['/a/%2E./b', /dot segment/],
  ['/a/.%2e?x=1', /dot segment/],
  ['/a/..;/b', /semicolon/],
  ['/a/..;v=1/b', /semicolon/],
  ['/a/.;x/b', /semicolon/],
  ['/a/%2e%2e;x/b', /semicolon/],
  ['/a/..%3bx/b', /semicolon/],
  ['/a/%2e%2e%3B/b', /semicolon/],
  ['/a%252fb', /double encoding/],
  ['/a%252Fb', /double encoding/],
  ['/a/%252e%252e/b', /double encoding/],
  ['/a%255cb', /double encoding/],
  ['/a%2500b', /double encoding/],
  ['/a%25252fb', /double encoding/],
  ['/a%25%32%66b', /double encoding/],
  ['/a%2525%32%66b', /double encoding/],
  ['/a%25252525252525252541', /double encoding/],
  ['/a%00', /encoded control character/],
  ['/a%0d%0ab', /encoded control character/],
  ['/a%7f', /encoded control character/],
  ['/a%c2%85', /encoded control character/],
  ['/a\u0000b', /control character/],
  ['/a\tb', /control character/],
  ['/a\u007f', /control character/],
  ['/a%', /invalid percent-encoding/],
  ['/a%2', /invalid percent-encoding/],
  ['/a%zz', /invalid percent-encoding/],
  ['/a%u002f', /invalid percent-encoding/],
  ['/a%c0%af', /not UTF-8/],
  ['/a%e0%80%af', /not UTF-8/],
  ['/a%ff', /not UTF-8/],
  ['/a#b', /"#"/],
  ['/a?b#&c=1', /"#"/],
  ['/a?#', /"#"/],
  ['/v1/things:run;v=2', /semicolon/],
  ['/admin;/x', /semicolon/],
  ['/a%3Bb', /semicolon/],
  ['/%2561dmin', /double encoding/],
  ['/100%25ab', /double encoding/],
];

const PLAIN = [
  '/',
  '/tasks/7',
  '/tasks/7?next=/a/../b%2f',
  '/a%20b',
  '/caf%C3%A9',
  '/%E6%97%A5%E6%9C%AC',
  '/a.b/...',
  '/.well-known/x',
  '/a/..b/b../.c',
  '/a%2eb',
  '/v1/things:run',
  '/v1/things%3Arun',
  '/100%25',
  '/100%25%20',
  '//a',
  '/a//b/',
  '/~user/(x)!$&+,=@',
  '/a%3Fb',
  '/a?%zz',
];

describe('findPathAmbiguity', () => {
  it.each(AMBIGUOUS)('refuses %j', (requestUri, reason) => {
    expect(findPathAmbiguity(requestUri)).toMatch(reason);
  });

  it.each(PLAIN)('accepts %j', (requestUri) => {
    expect(findPathAmbiguity(requestUri)).toBeNull();
  });

  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => !/[\p{Cc}\p{Cs}\\/%;]/u.test(text) && !/^\.{1,2}$/.test(text));

  it('accepts any path of ordinary segments, encoded once', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const path = `/${segments.map(encodeURIComponent).join('/')}`;
        expect(findPathAmbiguity(path)).toBeNull();
      }),
    );
  });

  const hazard = fc.constantFrom('/', '\\', '..', '.', '\u0000', '\n');
  /** Encodes every byte, in either case, as often as asked. */
  function encodeFully(text: string, times: number, upper: boolean): string {
    const hex = [...Buffer.from(text)].map((byte) => {
      const digits = byte.toString(16).padStart(2, '0');
      return `%${upper ? digits.toUpperCase() : digits}`;
    });
    const once = hex.join('');
    return times === 1 ? once : once.replaceAll('%', `%${'25'.repeat(times - 1)}`);
  }

  it('refuses a hazard as a segment of its own, however often and in whichever case it is encoded', () => {
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 3 }),
        hazard,
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        fc.array(segment, { maxLength: 3 }),
        (before, bad, times, upper, after) => {
          const encode = (segments: string[]) => segments.map(encodeURIComponent);
          const path = [...encode(before), encodeFully(bad, times, upper), ...encode(after)];
          expect(findPathAmbiguity(`/${path.join('/')}`)).not.toBeNull();
        },
      ),
    );
  });

  it('leaves nothing that a URL parser would resolve to another path', () => {
    const piece = fc.constantFrom(
      'a',
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '\\',
      ';',
      '%25',
      '2e',
      '%',
      '?',
      '#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const uri = `/a/${pieces.join('')}`;
        if (findPathAmbiguity(uri) !== null) return;
        const [path] = uri.split('?');
        expect(new URL(uri, 'http://host').pathname).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });
});
