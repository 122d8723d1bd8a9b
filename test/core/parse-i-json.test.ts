import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIJson } from '../../src/core/parse-i-json.ts';

const parse = (text: string) => parseIJson(Buffer.from(text));

/** Member names that look alike until they are decoded, and names that structure might be mistaken for. */
const name = fc.oneof(
  fc.constantFrom('a', '"', '\\', '{', '}', '[', ',', ':', '__proto__', 'constructor', ''),
  fc.string({ unit: 'grapheme' }),
);
const { object } = fc.letrec<{ value: unknown; object: [string, unknown][] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 1, -2.5e3, 'text', '{"a":1,"a":2}', '\\"'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object').map((members) => ({ members })),
  ),
  object: fc.uniqueArray(fc.tuple(name, tie('value')), { maxLength: 4, selector: ([key]) => key }),
}));

/** Writes members one by one, which no JavaScript object could do for a repeated name. */
function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(' , ')}]`;
  if (isMembers(value)) return writeObject(value.members);
  return JSON.stringify(value);
}

function writeObject(members: readonly [string, unknown][]): string {
  return `{ ${members.map(([key, value]) => `${JSON.stringify(key)} : ${write(value)}`).join(' ,\n')} }`;
}

function isMembers(value: unknown): value is { members: [string, unknown][] } {
  return typeof value === 'object' && value !== null && 'members' in value;
}

/** The same string, each character as an escape. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

describe('parseIJson', () => {
  it('reads every object whose names are unique as JSON.parse does', () => {
    fc.assert(
      fc.property(object, (members) => {
        const text = writeObject(members);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a name given twice in any object, however it is written', () => {
    fc.assert(
      fc.property(object, name, fc.boolean(), fc.nat(3), (members, twice, inEscapes, depth) => {
        const again = `${inEscapes ? escaped(twice) : JSON.stringify(twice)}:0`;
        const rest = writeObject(members.filter(([key]) => key !== twice))
          .slice(1, -1)
          .trim();
        const inner = `{${[`${JSON.stringify(twice)}:{}`, ...(rest === '' ? [] : [rest]), again].join(',')}}`;
        expect(JSON.parse(inner)).toBeTypeOf('object');
        expect(parse(`${'{"x":['.repeat(depth)}${inner}${']}'.repeat(depth)}`)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['an array', '[]'],
    ['a string', '"{}"'],
    ['null', 'null'],
    ['two objects', '{}{}'],
    ['a comment', '{}//'],
    ['a trailing comma', '{"a":1,}'],
    ['an unpaired surrogate in a value', '{"a":"\\ud800"}'],
    ['an unpaired surrogate in a name', '{"\\udc00":1}'],
    ['a byte order mark', '\ufeff{}'],
    ['65 levels', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['200,000 levels', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(parse(text)).toBeNull();
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(parseIJson(Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]))).toBeNull();
  });

  it('accepts 64 levels, and a surrogate pair written as escapes', () => {
    expect(parse(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`)).not.toBeNull();
    expect(parse('{"a":"\\ud83d\\ude00"}')).toEqual({ a: '😀' });
  });
});
