import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PDK_CALLS } from '../../../src/plugin-server/protocol/pdk-calls.ts';
import { decodeRpcCall, encodeRpcReturn } from '../../../src/plugin-server/protocol/rpc.ts';
import { messageCodec } from '../../../src/plugin-server/protocol/schema.ts';
import { fromValue, toValue } from '../../../src/plugin-server/protocol/value.ts';

const VALUE = messageCodec('Value');

describe('the decoder', () => {
  it('either reads bytes as a call or throws an Error, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(decodeRpcCall(bytes).sequence).toEqual(expect.any(Number));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('either reads bytes as a reply or throws an Error, for every function', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PDK_CALLS.values()),
        fc.uint8Array({ maxLength: 100 }),
        ({ decode }, bytes) => {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('does not exhaust the stack on deep nesting', () => {
    let nested = Buffer.alloc(0);
    // ListValue in Value in ListValue …, as deep as a frame may hold.
    for (let depth = 0; depth < 20_000; depth += 1) {
      const list = Buffer.concat([Buffer.from([0x0a]), varint(nested.length), nested]);
      nested = Buffer.concat([Buffer.from([0x32]), varint(list.length), list]);
    }
    const call = PDK_CALLS.get('kong.ctx.shared.get');
    expect(() => call?.decode(nested)).toThrow(Error);
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

describe('a google.protobuf.Value', () => {
  it('holds any JSON but null in objects', () => {
    const withoutNull = fc.jsonValue({ maxDepth: 4 }).filter((json) => !hasNull(json));
    fc.assert(
      fc.property(withoutNull, (json) => {
        const decoded = fromValue(VALUE.decode(VALUE.encode(toValue(json))));
        expect(JSON.stringify(decoded)).toBe(JSON.stringify(json));
      }),
    );
  });

  it.each([[() => {}], [Symbol('x')], [1n]])('does not hold %s', (data) => {
    expect(() => toValue(data)).toThrow(TypeError);
  });

  it('does not hold a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => toValue(cycle)).toThrow(/levels deep/);
  });
});

function hasNull(json: unknown): boolean {
  if (json === null) return true;
  return typeof json === 'object' && Object.values(json).some(hasNull);
}

describe('the reply to a started instance', () => {
  it('is that of the trace', () => {
    const reply = encodeRpcReturn(2, { instance_status: { name: 'tracer', instance_id: 1 } });
    expect(Buffer.from(reply).toString('hex')).toBe('08028a020a0a067472616365721001');
  });
});
