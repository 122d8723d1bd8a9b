import protobuf from 'protobufjs';
import { LuaError } from '../../lua/lua-error.ts';
import type { LuaTable, LuaValue } from '../../lua/value.ts';
import { type Field, messageNamed } from './messages.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const WIRE_TYPES: Record<string, number> = {
  bool: VARINT,
  int32: VARINT,
  int64: VARINT,
  enum: VARINT,
  double: FIXED64,
};

/**
 * A message as the Lua table that lua-protobuf makes of it: scalars outside of a oneof that are not
 * there have their default, lists (marked as arrays, for JSON) and maps are at least empty, messages
 * are nil. Of a message that comes twice the last counts.
 *
 * @throws LuaError for bytes that are no such message
 */
export function decode(messageName: string, bytes: Uint8Array): Map<string | number, LuaValue> {
  try {
    return readMessage(protobuf.Reader.create(bytes), messageName, bytes.length);
  } catch (error) {
    throw error instanceof LuaError ? error : new LuaError(describe(error));
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readMessage(
  reader: protobuf.Reader,
  messageName: string,
  end: number,
): Map<string | number, LuaValue> {
  const { byName, byId } = messageNamed(messageName);
  const table = new Map<string | number, LuaValue>();
  const lists = new Map<string, LuaValue[]>();
  while (reader.pos < end) {
    const tag = reader.uint32();
    const found = byId.get(tag >>> 3);
    if (found === undefined) {
      reader.skipType(tag & 7);
      continue;
    }
    const value = readValue(reader, found, tag & 7, end);
    if (found.label === 'single') table.set(found.name, value);
    else lists.set(found.name, [...(lists.get(found.name) ?? []), value]);
  }
  if (reader.pos > end) throw new LuaError(`unfinished bytes (at offset ${reader.pos})`);
  for (const missing of byName.values()) {
    const { name, label } = missing;
    if (label === 'repeated') table.set(name, lists.get(name) ?? []);
    else if (label === 'map') table.set(name, toMap(missing, lists.get(name) ?? []));
    else if (!table.has(name)) {
      const value = defaultOf(missing);
      if (value !== undefined) table.set(name, value);
    }
  }
  return table;
}

function toMap({ type }: Field, entries: LuaValue[]): LuaTable {
  const map = new Map<string | number, LuaValue>();
  const isMessage = !isScalar(messageNamed(type).byName.get('value')?.type ?? '');
  for (const entry of entries) {
    if (!(entry instanceof Map)) continue;
    const value = entry.get('value') ?? (isMessage ? new Map() : undefined);
    map.set(String(entry.get('key')), value);
  }
  return map;
}

function readValue(
  reader: protobuf.Reader,
  { name, type }: Field,
  wireType: number,
  end: number,
): LuaValue {
  const expected = WIRE_TYPES[type] ?? BYTES;
  if (wireType !== expected) {
    throw new LuaError(`type mismatch for field '${name}', got wire type ${wireType} for ${type}`);
  }
  switch (type) {
    case 'string':
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('latin1');
    case 'bool':
      return reader.bool();
    case 'double':
      return reader.double();
    case 'int32':
      return reader.int32();
    case 'enum': {
      const value = reader.int32();
      return value === 0 ? 'NULL_VALUE' : value;
    }
    case 'int64': {
      const value = reader.int64();
      // A number or, beyond 32 bits, an object that holds one.
      return Number(String(value));
    }
    default: {
      const length = reader.uint32();
      const last = reader.pos + length;
      if (last > end)
        throw new LuaError(`unfinished bytes (len ${length} at offset ${reader.pos})`);
      return readMessage(reader, type, last);
    }
  }
}

function isScalar(type: string): boolean {
  return type === 'string' || type === 'bytes' || Object.hasOwn(WIRE_TYPES, type);
}

function defaultOf({ type, isOneof }: Field): LuaValue {
  if (isOneof || !isScalar(type)) return undefined;
  if (type === 'string' || type === 'bytes') return '';
  return type === 'bool' ? false : 0;
}
