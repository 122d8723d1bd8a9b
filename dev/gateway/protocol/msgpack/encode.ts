import type { LuaValue } from '../../lua/value.ts';

/** A Lua string that goes out as MessagePack binary. */
export class Binary {
  readonly bytes: string;

  constructor(bytes: string) {
    this.bytes = bytes;
  }
}

/** A map with nothing in it, which no Lua table can say: an empty table goes out as an array. */
export const EMPTY_MAP = Symbol('empty map');

export type Packable =
  | LuaValue
  | Binary
  | typeof EMPTY_MAP
  | Packable[]
  | Map<string | number, Packable>;

/**
 * MessagePack as Kong's Lua library writes it. Its strings are bytes, possibly not UTF-8, and use
 * the raw16 format where a JavaScript encoder writes str8; both rule out a library for this side.
 */
export function encode(value: Packable): Buffer {
  const chunks: Buffer[] = [];
  write(chunks, value);
  return Buffer.concat(chunks);
}

function write(chunks: Buffer[], value: Packable): void {
  if (value === undefined) chunks.push(Buffer.of(0xc0));
  else if (typeof value === 'boolean') chunks.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number') chunks.push(number(value));
  else if (typeof value === 'string') writeString(chunks, value);
  else if (value === EMPTY_MAP) chunks.push(Buffer.of(0x80));
  else if (value instanceof Binary) writeBinary(chunks, value.bytes);
  else writeTable(chunks, value);
}

function writeString(chunks: Buffer[], bytes: string): void {
  const { length } = bytes;
  if (length <= 31) chunks.push(Buffer.of(0xa0 | length));
  else if (length <= 0xffff) chunks.push(header(0xda, length, 2));
  else chunks.push(header(0xdb, length, 4));
  chunks.push(Buffer.from(bytes, 'latin1'));
}

function writeBinary(chunks: Buffer[], bytes: string): void {
  const { length } = bytes;
  if (length <= 0xff) chunks.push(header(0xc4, length, 1));
  else if (length <= 0xffff) chunks.push(header(0xc5, length, 2));
  else chunks.push(header(0xc6, length, 4));
  chunks.push(Buffer.from(bytes, 'latin1'));
}

function writeTable(chunks: Buffer[], table: Packable[] | Map<string | number, Packable>): void {
  if (Array.isArray(table) || isSequence(table)) {
    const items = Array.isArray(table)
      ? table
      : [...table.keys()].sort(byNumber).map((key) => table.get(key));
    chunks.push(collection(0x90, 0xdc, 0xdd, items.length));
    for (const item of items) write(chunks, item);
    return;
  }
  const entries = [...table].filter(([, item]) => item !== undefined);
  chunks.push(collection(0x80, 0xde, 0xdf, entries.length));
  for (const [key, item] of entries) {
    write(chunks, key);
    write(chunks, item);
  }
}

/** Keys 1, 2, … n and nothing else; the empty table counts. */
function isSequence(table: Map<string | number, Packable>): boolean {
  return Array.from({ length: table.size }, (_, index) => index + 1).every((key) => table.has(key));
}

function byNumber(a: string | number, b: string | number): number {
  return Number(a) - Number(b);
}

function collection(fix: number, type16: number, type32: number, size: number): Buffer {
  if (size <= 15) return Buffer.of(fix | size);
  return size <= 0xffff ? header(type16, size, 2) : header(type32, size, 4);
}

function header(type: number, value: number, width: number): Buffer {
  const buffer = Buffer.alloc(1 + width);
  buffer[0] = type;
  buffer.writeUIntBE(value, 1, width);
  return buffer;
}

function number(value: number): Buffer {
  if (!Number.isInteger(value) || Object.is(value, -0)) return double(value);
  if (value >= 0) {
    if (value <= 0x7f) return Buffer.of(value);
    if (value <= 0xff) return header(0xcc, value, 1);
    if (value <= 0xffff) return header(0xcd, value, 2);
    if (value <= 0xffffffff) return header(0xce, value, 4);
    return wide(0xcf, value);
  }
  if (value >= -0x20) return Buffer.of(0x100 + value);
  if (value >= -0x80) return signed(0xd0, value, 1);
  if (value >= -0x8000) return signed(0xd1, value, 2);
  if (value >= -0x80000000) return signed(0xd2, value, 4);
  return wide(0xd3, value);
}

function signed(type: number, value: number, width: number): Buffer {
  const buffer = Buffer.alloc(1 + width);
  buffer[0] = type;
  buffer.writeIntBE(value, 1, width);
  return buffer;
}

/** 64-bit integers; beyond 2^53 Lua's numbers are no integers any more and stay doubles. */
function wide(type: number, value: number): Buffer {
  if (!Number.isSafeInteger(value)) return double(value);
  const buffer = Buffer.alloc(9);
  buffer[0] = type;
  buffer.writeBigInt64BE(BigInt(value), 1);
  return buffer;
}

function double(value: number): Buffer {
  const buffer = Buffer.alloc(9);
  buffer[0] = 0xcb;
  buffer.writeDoubleBE(value, 1);
  return buffer;
}
