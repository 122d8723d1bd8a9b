import { describe, expect, it } from 'vitest';
import { fromJs } from '../../../dev/gateway/lua/from-js.ts';
import { LuaError } from '../../../dev/gateway/lua/lua-error.ts';
import { luaQuote } from '../../../dev/gateway/lua/quote.ts';
import { toRecord } from '../../../dev/gateway/lua/to-js.ts';
import { decode } from '../../../dev/gateway/protocol/protobuf/decode.ts';
import { encode } from '../../../dev/gateway/protocol/protobuf/encode.ts';
import { METHODS } from '../../../dev/gateway/protocol/protobuf/service.ts';
import { PDK_CALLS } from '../../../src/plugin-server/protocol/pdk-calls.ts';

// All results are those of the lua-protobuf that Kong 3.9.3 comes with.

describe('encoding, as lua-protobuf does it', () => {
  it.each<[string, unknown, string]>([
    ['String', {}, ''],
    ['String', { v: '' }, ''],
    ['String', { v: 'a' }, '0a0161'],
    ['Int', { v: 0 }, ''],
    ['Int', { v: 0.5 }, ''],
    ['Int', { v: 1.5 }, '0801'],
    ['Int', { v: -1 }, '08ffffffffffffffffff01'],
    ['Int', { v: 2 ** 31 }, '0880808080f8ffffffff01'],
    ['Int', { v: 2 ** 40 }, '0800'],
    ['Number', { v: 0 }, ''],
    ['Number', { v: 1.5 }, '09000000000000f83f'],
    ['Bool', { v: true }, '0801'],
    ['Bool', { v: false }, '0800'],
    ['Bool', { v: 'text' }, '0801'],
    ['Value', {}, ''],
    ['Value', { null_value: 1 }, '0801'],
    ['Value', { bool_value: false }, '2000'],
    ['Value', { number_value: 0 }, '110000000000000000'],
    ['Value', { string_value: '' }, '1a00'],
    ['Value', { struct_value: { fields: {} } }, '2a00'],
    ['Value', { list_value: { values: {} } }, '3200'],
    ['ListValue', { values: [{ number_value: 0 }, {}] }, '0a091100000000000000000a00'],
    ['Struct', { fields: {} }, ''],
    ['Struct', { fields: { a: { string_value: '' } } }, '0a070a016112021a00'],
    ['Struct', { fields: { '': { string_value: 'x' } } }, '0a0512031a0178'],
    ['Struct', { fields: { a: {} } }, '0a030a0161'],
    ['Empty', { a: 1 }, ''],
    ['RawBodyResult', { content: '' }, '0a00'],
    ['RawBodyResult', { body_filepath: '/x' }, '12022f78'],
    ['UriCapturesResult', { named: { a: '' }, unnamed: ['', ''] }, '12030a01610a000a00'],
    ['UriCapturesResult', { named: { a: 'b' }, unnamed: ['x'] }, '12060a01611201620a0178'],
    ['Route', { strip_path: false, regex_priority: 0, ws_id: 'x' }, '6000'],
    ['Route', { headers: { 'x-h': ['a'] } }, ''],
    ['Route', { service: {} }, '920100'],
    ['Route', { created_at: 2 ** 53 }, '108080808080808010'],
    ['Consumer', { id: 'a', username: '', tags: [''] }, '0a01612a00'],
    ['RpcCall', { cmd_close_instance: {} }, '9a0200'],
    [
      'RpcCall',
      { cmd_handle_event: { event_name: 'access', instance_id: 0 } },
      'a202081206616363657373',
    ],
  ])('%s %j is %s', (name, value, hex) => {
    expect(encode(name, fromJs(value)).toString('hex')).toBe(hex);
  });

  it.each<[string, unknown, string]>([
    ['String', { v: 1 }, "string expected for field 'v', got number"],
    ['String', { v: false }, "string expected for field 'v', got boolean"],
    ['Int', { v: 'a' }, "number/'#number' expected for field 'v', got string"],
    ['Number', { v: true }, "number/'#number' expected for field 'v', got boolean"],
    ['Struct', { fields: [{ bool_value: true }] }, "string expected for field 'key', got number"],
    ['Route', { paths: 'x' }, "table expected for field 'paths', got string"],
    ['Route', { sources: [{ ip: 'x' }] }, "string expected for field 'sources', got table"],
    ['Empty', true, 'table expected, got boolean'],
  ])('%s %j is an error', (name, value, error) => {
    expect(() => encode(name, fromJs(value))).toThrow(new LuaError(error));
  });
});

describe('decoding, as lua-protobuf does it', () => {
  it.each<[string, string, unknown]>([
    ['String', '', { v: '' }],
    ['Bool', '', { v: false }],
    ['Bool', '0805', { v: true }],
    ['Int', '', { v: 0 }],
    ['Int', '08ffffffff0f', { v: -1 }],
    ['KV', '', { k: '' }],
    ['ExitArgs', '', { status: 0, body: '' }],
    ['ExitArgs', '1a00', { status: 0, body: '', headers: { fields: {} } }],
    ['ConsumerSpec', '', { id: '', by_username: false }],
    ['AuthenticateArgs', '', {}],
    [
      'AuthenticateArgs',
      '0a00',
      { consumer: { id: '', created_at: 0, username: '', custom_id: '', tags: [] } },
    ],
    ['Value', '', {}],
    ['Value', '0800', { null_value: 'NULL_VALUE' }],
    ['Value', '0801', { null_value: 1 }],
    ['Value', '2000', { bool_value: false }],
    ['Value', '1a01612001', { string_value: 'a', bool_value: true }],
    ['Struct', '0a00', { fields: { '': {} } }],
    ['Struct', '0a030a0161', { fields: { a: {} } }],
    ['String', '0a01610a0162', { v: 'b' }],
    ['String', '10050a0161', { v: 'a' }],
    ['RpcReturn', '', { sequence: 0 }],
    ['RpcReturn', '08ffffffffffffffffff01', { sequence: -1 }],
    [
      'RpcReturn',
      '08028a0200',
      { sequence: 2, instance_status: { name: '', instance_id: 0, started_at: 0 } },
    ],
  ])('%s %s is %j', (name, hex, value) => {
    expect(toRecord(decode(name, Buffer.from(hex, 'hex')))).toEqual(value);
  });

  it.each<[string, string]>([
    ['String', '0800'],
    ['String', '0a0561'],
    ['String', '0b0c'],
    ['Int', '0a00'],
    ['Number', '09000000'],
    ['Bool', '08'],
    ['KV', '0a016112021a011200'],
    ['Struct', '0a050a016112010a050a016212'],
  ])('%s %s is an error', (name, hex) => {
    expect(() => decode(name, Buffer.from(hex, 'hex'))).toThrow(LuaError);
  });
});

describe('the functions of the protocol', () => {
  it('are those that the plugin server offers, and one that it does not', () => {
    const offered = new Set(PDK_CALLS.keys());
    expect([...METHODS.keys()].filter((method) => !offered.has(method))).toEqual([
      'kong.node.get_memory_stats',
    ]);
    expect([...offered].filter((method) => !METHODS.has(method))).toEqual([]);
  });
});

describe('%q', () => {
  it.each([
    ['plain', '"plain"'],
    ['a"b\\c\nd', '"a\\"b\\\\c\\\nd"'],
    ['\0', '"\\0"'],
    ['\x001', '"\\0001"'],
    ['\r', '"\\13"'],
  ])('quotes %j', (bytes, quoted) => {
    expect(luaQuote(bytes)).toBe(quoted);
  });
});
