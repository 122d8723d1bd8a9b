import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/policy/parse-query.ts';

describe('parseQuery', () => {
  it.each([
    ['/a', []],
    ['/a?', []],
    ['/a?b', [['b', ['']]]],
    [
      '/a?b=1&c=2&b=3',
      [
        ['b', ['1', '3']],
        ['c', ['2']],
      ],
    ],
    ['/a?b%20c=%C3%A9+x', [['b c', ['é x']]]],
    ['/a?b=?c', [['b', ['?c']]]],
    ['/a??b=1', [['?b', ['1']]]],
    [
      '/a?__proto__=1&constructor=2',
      [
        ['__proto__', ['1']],
        ['constructor', ['2']],
      ],
    ],
    ['/a?b=%zz', [['b', ['%zz']]]],
  ])('reads %s', (requestUri, expected) => {
    expect([...(parseQuery(requestUri) ?? [])]).toEqual(expected);
  });

  it('gives up on more parameters than rules may be asked to look at', () => {
    expect(parseQuery(`/a?${'b&'.repeat(256)}`)?.get('b')).toHaveLength(256);
    expect(parseQuery(`/a?${'b&'.repeat(257)}`)).toBeNull();
  });
});
