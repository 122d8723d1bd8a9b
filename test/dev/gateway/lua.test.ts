import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { fromJs } from '../../../dev/gateway/lua/from-js.ts';
import { encodeJson } from '../../../dev/gateway/lua/json.ts';
import { luaMatches } from '../../../dev/gateway/lua/pattern.ts';
import { formatNumber, toBytes } from '../../../dev/gateway/lua/value.ts';
import { Binary, EMPTY_MAP, encode } from '../../../dev/gateway/protocol/msgpack/encode.ts';

describe('Lua patterns', () => {
  it.each([
    ['abc', 'b', true],
    ['abc', '^b', false],
    ['abc', 'c$', true],
    ['a$c', 'a%$c', true],
    ['GET', '^%u+$', true],
    ['GeT', '^%u+$', false],
    ['a-b_c.d', '^[%w%-_.]+$', true],
    ['a b', '^%S+$', false],
    ['https://a', '^https?://', true],
    ['x]y', '[]]', true],
    ['xy', '^[^x]', false],
    ['aaa', '^a-$', true],
    ['aab', '^a*b$', true],
    ['(a(b)c)', '^%b()$', true],
    ['abab', '^(ab)%1$', true],
    ['abac', '^(ab)%1$', false],
    ['az', '^[a-y]+$', false],
    ['', '^.?$', true],
    ['a.b', 'a.b', true],
    ['%', '%%', true],
    ['k=v', '^(%w+)=(%w+)$', true],
  ])('finds in %j %j: %s', (subject, pattern, found) => {
    expect(luaMatches(subject, pattern)).toBe(found);
  });

  it.each(['[a', '%', '(a', '%1', '%b('])('raises an error for the pattern %j', (pattern) => {
    expect(() => luaMatches('aaa(a)', pattern)).toThrow();
  });

  it('counts bytes, not characters', () => {
    expect(luaMatches(toBytes('é'), '^..$')).toBe(true);
  });

  it('gives up on a pattern that takes too long', () => {
    expect(() => luaMatches('a'.repeat(60), `${'a*'.repeat(20)}b`)).toThrow('too complex');
  });
});

describe('numbers as Lua and cjson write them', () => {
  it.each([
    [0.1, 14, '0.1'],
    [100, 14, '100'],
    [1e20, 14, '1e+20'],
    [1.795311039862045e18, 16, '1.795311039862045e+18'],
    [1795311038.489, 16, '1795311038.489'],
    [0.00001, 14, '1e-05'],
    [-2.5, 14, '-2.5'],
  ])('%d with %i digits is %s', (value, precision, text) => {
    expect(formatNumber(value, precision)).toBe(text);
  });
});

describe('JSON as Kong writes it', () => {
  it.each([
    [fromJs({ a: [1, 'x', true], 'b/c': 'd/e' }), '{"a":[1,"x",true],"b\\/c":"d\\/e"}'],
    [fromJs([]), '{}'],
    [[], '[]'],
    [fromJs([1, null, 3]), '[1,null,3]'],
    [fromJs('"\\\n\u0001\u007f'), '"\\"\\\\\\n\\u0001\\u007f"'],
    [toBytes('é'), '"\u00c3\u00a9"'],
  ])('writes %o', (value, json) => {
    expect(encodeJson(value)).toBe(json);
  });

  it('raises an error for what JSON cannot hold', () => {
    expect(() => encodeJson(Number.POSITIVE_INFINITY)).toThrow('Infinity');
    expect(() => encodeJson(new Map([[1000, 'x']]))).toThrow('sparse');
  });
});

describe('MessagePack as Kong writes it', () => {
  it.each<[Parameters<typeof encode>[0], string]>([
    [undefined, 'c0'],
    [true, 'c3'],
    [127, '7f'],
    [128, 'cc80'],
    [8500, 'cd2134'],
    [1795311037, 'ce6b0245bd'],
    [-1, 'ff'],
    [-200, 'd1ff38'],
    [1.1, 'cb3ff199999999999a'],
    [1e20, 'cb4415af1d78b58c40'],
    ['abc', 'a3616263'],
    ['x'.repeat(36), `da0024${'78'.repeat(36)}`],
    [new Binary('ab'), 'c4026162'],
    [new Map(), '90'],
    [EMPTY_MAP, '80'],
    [fromJs([1, null, 3]), '8201010303'],
    [fromJs({ '1': 'a' }), '81a131a161'],
    ['\xff\xfe', 'a2fffe'],
  ])('packs %o', (value, hex) => {
    expect(encode(value).toString('hex')).toBe(hex);
  });

  it('packs large tables and numbers so that others can read them', () => {
    const list = Array.from({ length: 70_000 }, (_, index) => index);
    expect(decode(encode(list))).toEqual(list);
    const map = new Map(list.slice(0, 20).map((key) => [`k${key}`, key * 2 ** 33]));
    expect(decode(encode(map))).toEqual(Object.fromEntries(map));
  });
});
