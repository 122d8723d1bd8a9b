import protobuf from 'protobufjs';
import { LuaError } from '../../lua/lua-error.ts';
import { ipairs, isTable, type LuaValue, luaType, pairs } from '../../lua/value.ts';
import { type Field, messageNamed } from './messages.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/**
 * A Lua table as a message, as lua-protobuf writes it: fields in the table's order, unknown ones left
 * out, defaults left out but for `false` and the members of a oneof, fractions cut off.
 *
 * @throws LuaError for a value that does not fit its field
 */
export function encode(messageName: string, table: LuaValue): Buffer {
  const writer = protobuf.Writer.create();
  writeMessage(writer, messageName, table);
  return Buffer.from(writer.finish());
}

function writeMessage(writer: protobuf.Writer, messageName: string, table: LuaValue): void {
  if (!isTable(table)) throw new LuaError(`table expected, got ${luaType(table)}`);
  const { byName } = messageNamed(messageName);
  for (const [name, value] of pairs(table)) {
    const found = typeof name === 'string' ? byName.get(name) : undefined;
    if (found === undefined || value === undefined) continue;
    if (found.label === 'single') writeField(writer, found, value);
    else if (!isTable(value)) throw mismatch('table', found, value);
    else if (found.label === 'map') writeMap(writer, found, value);
    else for (const item of ipairs(value)) writeValue(writer, found, item);
  }
}

function writeMap(writer: protobuf.Writer, map: Field, table: LuaValue): void {
  for (const [key, value] of isTable(table) ? pairs(table) : []) {
    if (value === undefined) continue;
    const entry = new Map<string | number, LuaValue>([['key', key]]);
    // An empty message is left out here, and here only.
    if (!isTable(value) || pairs(value).length > 0) entry.set('value', value);
    writeValue(writer, map, entry);
  }
}

function writeField(writer: protobuf.Writer, to: Field, value: LuaValue): void {
  if (to.isOneof || !isDefault(to, value)) writeValue(writer, to, value);
}

function isDefault({ type }: Field, value: LuaValue): boolean {
  if (type === 'bytes' || type === 'string') return value === '';
  if (type === 'double') return value === 0;
  return typeof value === 'number' && type !== 'bool' && Math.trunc(value) === 0;
}

/** The tag and the value, whatever it is. */
function writeValue(writer: protobuf.Writer, to: Field, value: LuaValue): void {
  const tag = (wireType: number) => writer.uint32((to.id << 3) | wireType);
  switch (to.type) {
    case 'string':
    case 'bytes':
      if (typeof value !== 'string') throw mismatch('string', to, value);
      tag(BYTES).bytes(Buffer.from(value, 'latin1'));
      return;
    case 'bool':
      tag(VARINT).bool(value !== undefined && value !== false);
      return;
    case 'double':
      tag(FIXED64).double(number(to, value));
      return;
    case 'int32':
    case 'enum':
      tag(VARINT).int32(number(to, value));
      return;
    case 'int64':
      tag(VARINT).int64(Math.trunc(number(to, value)));
      return;
    default:
      if (!isTable(value)) throw mismatch('table', to, value);
      tag(BYTES).fork();
      writeMessage(writer, to.type, value);
      writer.ldelim();
  }
}

function number(to: Field, value: LuaValue): number {
  if (typeof value !== 'number') throw mismatch("number/'#number'", to, value);
  return value;
}

function mismatch(expected: string, { name }: Field, value: LuaValue): LuaError {
  return new LuaError(`${expected} expected for field '${name}', got ${luaType(value)}`);
}
