import { describe, expect, it } from 'vitest';
import { encodeJson } from '../../../dev/gateway/lua/json.ts';
import { applyDefaults } from '../../../dev/gateway/schema/defaults.ts';
import { effectiveRecord } from '../../../dev/gateway/schema/effective.ts';
import type { ConfigMap } from '../../../dev/gateway/schema/field.ts';
import { fromJson } from '../../../dev/gateway/schema/from-json.ts';
import { pluginSchemaProblems } from '../../../dev/gateway/schema/metaschema.ts';
import { readFields } from '../../../dev/gateway/schema/read-schema.ts';
import { resolveFromEnvironment } from '../../../dev/gateway/schema/reference.ts';
import { configToLua } from '../../../dev/gateway/schema/to-lua.ts';
import { validateRecord } from '../../../dev/gateway/schema/validate.ts';

function asMap(value: unknown): ConfigMap {
  const converted = fromJson(value);
  return converted instanceof Map ? converted : new Map();
}

function fieldsOf(list: unknown[]) {
  return readFields(list.map(fromJson));
}

/** The config that a plugin gets for what is written, as JSON. */
function received(
  list: unknown[],
  written: unknown,
  environment: Record<string, string> = {},
): unknown {
  const fields = fieldsOf(list);
  const effective = effectiveRecord(fields, applyDefaults(fields, asMap(written)), {
    resolve: resolveFromEnvironment(environment),
    onUnresolved: () => undefined,
  });
  return JSON.parse(encodeJson(configToLua(effective)));
}

function problems(list: unknown[], written: unknown, checks: unknown[] = []): string[] {
  const fields = fieldsOf(list);
  const record = {
    fields,
    entity_checks: checks.map((check) => {
      const [[name, argument] = ['', null]] = asMap(check);
      return { name: String(name), argument };
    }),
  };
  return validateRecord(record, applyDefaults(fields, asMap(written))).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

describe('what a plugin receives', () => {
  it('fills in defaults and leaves out what is neither set nor defaulted', () => {
    const fields = [
      { a: { type: 'string', default: 'x' } },
      { b: { type: 'string' } },
      { c: { type: 'integer', default: 0 } },
      { d: { type: 'boolean', default: false } },
    ];
    expect(received(fields, {})).toEqual({ a: 'x', c: 0, d: false });
  });

  it('expands required records with their defaults, and others only when they are there', () => {
    const inner = [{ n: { type: 'integer', default: 3 } }, { s: { type: 'string' } }];
    const fields = [
      { must: { type: 'record', required: true, fields: inner } },
      { may: { type: 'record', required: false, fields: inner } },
    ];
    expect(received(fields, {})).toEqual({ must: { n: 3 } });
    expect(received(fields, { may: {} })).toEqual({ must: { n: 3 }, may: { n: 3 } });
  });

  it('applies defaults in records of arrays and maps', () => {
    const inner = { type: 'record', fields: [{ n: { type: 'integer', default: 3 } }] };
    const fields = [
      { list: { type: 'array', elements: inner } },
      { map: { type: 'map', keys: { type: 'string' }, values: inner } },
    ];
    expect(received(fields, { list: [{}, { n: 1 }], map: { a: {} } })).toEqual({
      list: [{ n: 3 }, { n: 1 }],
      map: { a: { n: 3 } },
    });
  });

  it('keeps empty arrays and maps apart whatever way they are written', () => {
    const fields = [
      { list: { type: 'array', elements: { type: 'string' }, default: [] } },
      { map: { type: 'map', keys: { type: 'string' }, values: { type: 'string' }, default: {} } },
    ];
    expect(received(fields, {})).toEqual({ list: [], map: {} });
    expect(received(fields, { list: {}, map: [] })).toEqual({ list: [], map: {} });
  });

  it('takes null as not set, which hides the default of an optional field', () => {
    const fields = [
      { a: { type: 'string', default: 'x' } },
      { b: { type: 'string', required: true, default: 'y' } },
    ];
    expect(received(fields, { a: null })).toEqual({ b: 'y' });
  });

  it('removes repetitions from sets', () => {
    const fields = [{ s: { type: 'set', elements: { type: 'string' } } }];
    expect(received(fields, { s: ['a', 'b', 'a'] })).toEqual({ s: ['a', 'b'] });
  });

  it('resolves references of referenceable fields and keeps them under $refs', () => {
    const secret = { type: 'string', referenceable: true };
    const fields = [
      { plain: { type: 'string' } },
      { secret },
      { list: { type: 'array', elements: secret } },
      { map: { type: 'map', keys: { type: 'string' }, values: secret } },
      { rec: { type: 'record', required: true, fields: [{ secret }] } },
    ];
    const ref = '{vault://env/my-secret}';
    const written = {
      plain: ref,
      secret: ref,
      list: [ref, 'b'],
      map: { k: ref },
      rec: { secret: '{vault://env/my-json/key}' },
    };
    const environment = { MY_SECRET: 's3cr3t', MY_JSON: '{"key":"inner"}' };
    expect(received(fields, written, environment)).toEqual({
      plain: ref,
      secret: 's3cr3t',
      list: ['s3cr3t', 'b'],
      map: { k: 's3cr3t' },
      rec: { secret: 'inner', $refs: { secret: '{vault://env/my-json/key}' } },
      $refs: { secret: ref, list: [ref], map: { k: ref } },
    });
  });

  it('makes an empty string of a reference to nothing', () => {
    const fields = [{ secret: { type: 'string', referenceable: true } }];
    expect(received(fields, { secret: '{vault://env/none}' })).toMatchObject({ secret: '' });
  });
});

describe('what a schema refuses', () => {
  const number = (extra: object) => [{ n: { type: 'number', ...extra } }];
  const text = (extra: object) => [{ s: { type: 'string', ...extra } }];

  it.each<[unknown[], unknown, string]>([
    [text({}), { s: 5 }, 's: expected a string'],
    [text({ required: true }), {}, 's: required field missing'],
    [text({ required: true }), { s: null }, 's: required field missing'],
    [text({}), { s: '' }, 's: length must be at least 1'],
    [text({ len_eq: 2 }), { s: 'é€' }, 's: length must be 2'],
    [text({ not_match: '%d' }), { s: 'a1' }, 's: invalid value: a1'],
    [text({ starts_with: 'https' }), { s: 'http:' }, 's: should start with: https'],
    [text({ not_one_of: ['a'] }), { s: 'a' }, 's: must not be one of: a'],
    [text({ match_any: { patterns: ['^a', '^b'], err: 'a or b' } }), { s: 'c' }, 's: a or b'],
    [text({ match_none: [{ pattern: '//', err: 'no slashes' }] }), { s: 'a//b' }, 's: no slashes'],
    [text({ eq: 'a' }), { s: 'b' }, 's: value must be a'],
    [text({ err: 'be nice', one_of: ['a'] }), { s: 'b' }, 's: be nice'],
    [text({ uuid: true }), { s: 'x' }, 's: expected a valid UUID'],
    [text({ is_regex: true }), { s: '(' }, 's: not a valid regex: ('],
    [number({}), { n: 'x' }, 'n: expected a number'],
    [number({ gt: 1 }), { n: 1 }, 'n: value must be greater than 1'],
    [number({ between: [0.5, 1] }), { n: 2 }, 'n: value should be between 0 and 1'],
    [[{ i: { type: 'integer' } }], { i: 1.5 }, 'i: expected an integer'],
    [[{ b: { type: 'boolean' } }], { b: 'true' }, 'b: expected a boolean'],
    [[{ l: { type: 'array', elements: { type: 'string' } } }], { l: 'a' }, 'l: expected an array'],
    [
      [{ l: { type: 'array', elements: { type: 'string' } } }],
      { l: { a: 1 } },
      'l: expected an array',
    ],
    [
      [{ l: { type: 'array', elements: { type: 'string' } } }],
      { l: [null] },
      'l.0: required field missing',
    ],
    [
      [{ l: { type: 'set', elements: { type: 'string' }, contains: 'x' } }],
      { l: ['a'] },
      'l: expected to contain: x',
    ],
    [
      [{ m: { type: 'map', keys: { type: 'string', len_min: 2 }, values: { type: 'string' } } }],
      { m: { a: 'b' } },
      'm.a: length must be at least 2',
    ],
    [
      [{ m: { type: 'map', keys: { type: 'string' }, values: { type: 'integer' } } }],
      { m: { a: 'b' } },
      'm.a: expected an integer',
    ],
    [
      [{ r: { type: 'record', fields: [{ a: { type: 'string', required: true } }] } }],
      { r: {} },
      'r.a: required field missing',
    ],
    [[{ r: { type: 'record', fields: [] } }], { r: 'x' }, 'r: expected a record'],
    [[{ r: { type: 'record', fields: [] } }], { r: { b: 1 } }, 'r.b: unknown field'],
  ])('%j does not take %j', (fields, written, problem) => {
    expect(problems(fields, written)).toEqual([problem]);
  });

  it('takes a reference for any referenceable text', () => {
    const fields = text({ referenceable: true, len_max: 3, one_of: ['abc'] });
    expect(problems(fields, { s: '{vault://env/x}' })).toEqual([]);
  });

  it('takes an empty string where len_min is 0', () => {
    expect(problems(text({ len_min: 0 }), { s: '' })).toEqual([]);
  });

  const two = [{ a: { type: 'string' } }, { b: { type: 'string' } }];
  it.each<[unknown, unknown, string[]]>([
    [
      { at_least_one_of: ['a', 'b'] },
      {},
      ["at least one of these fields must be non-empty: 'a', 'b'"],
    ],
    [{ at_least_one_of: ['a', 'b'] }, { a: 'x' }, []],
    [
      { only_one_of: ['a', 'b'] },
      { a: 'x', b: 'y' },
      ["exactly one of these fields must be non-empty: 'a', 'b'"],
    ],
    [
      { mutually_required: ['a', 'b'] },
      { a: 'x' },
      ["all or none of these fields must be set: 'a', 'b'"],
    ],
    [
      { mutually_exclusive: ['a', 'b'] },
      { a: 'x', b: 'y' },
      ["only one or none of these fields must be set: 'a', 'b'"],
    ],
    [
      { distinct: ['a', 'b'] },
      { a: 'x', b: 'x' },
      ["values of these fields must be distinct: 'a', 'b'"],
    ],
    [
      {
        conditional: {
          if_field: 'a',
          if_match: { eq: 'x' },
          then_field: 'b',
          then_match: { required: true },
        },
      },
      { a: 'x' },
      ['required field missing', "failed conditional validation given value of field 'a'"],
    ],
    [
      {
        conditional: {
          if_field: 'a',
          if_match: { eq: 'x' },
          then_field: 'b',
          then_match: { required: true },
        },
      },
      { a: 'y' },
      [],
    ],
  ])('checks %j on %j', (check, written, messages) => {
    const found = problems(two, written, [check]);
    expect(found.map((line) => line.replace(/^[ab]?: /, ''))).toEqual(messages);
  });
});

describe('the schema of a plugin', () => {
  const schema = (field: object) => ({
    name: 'x',
    fields: [{ config: { type: 'record', fields: [{ f: field }] } }],
  });

  it.each([
    [{ type: 'text' }, /type: expected one of/],
    [{ type: 'string', requird: true }, /requird: unknown field \(did you mean 'required'\?\)/],
    [{ type: 'string', description: 'short' }, /description: length must be at least 10/],
    [{ type: 'array' }, /field of type 'array' must declare 'elements'/],
    [{ type: 'map', keys: { type: 'string' } }, /field of type 'map' must declare 'values'/],
    [{ type: 'string', between: [1, 2] }, /field of type 'string' cannot have attribute 'between'/],
    [{ type: 'integer', default: 'x' }, /default: expected an integer/],
    [{ type: 'string', one_of: ['a'], default: 'b' }, /default: expected one of: a/],
  ])('may not hold %j', (field, message) => {
    const found = pluginSchemaProblems(fromJson(schema(field)));
    expect(found.map(({ path, message: text }) => `${path.join('.')}: ${text}`).join('\n')).toMatch(
      message,
    );
  });

  it('may hold all that Kong knows', () => {
    const field = {
      type: 'array',
      description: 'A list of things that matter.',
      default: [],
      elements: {
        type: 'record',
        fields: [{ a: { type: 'string', referenceable: true, encrypted: true } }],
      },
    };
    expect(pluginSchemaProblems(fromJson(schema(field)))).toEqual([]);
  });
});
