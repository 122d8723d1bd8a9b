import type { Fields } from './schema.ts';

/**
 * Plain data as a `google.protobuf.Value`. What JSON leaves out is left out; null is a value without a kind, which Kong
 * reads as nil.
 *
 * @throws TypeError for what is no data: functions, symbols, bigints, cycles
 */
export function toValue(data: unknown, depth = 0): Fields {
  if (depth > MAX_DEPTH) throw new TypeError(`nested more than ${MAX_DEPTH} levels deep`);
  switch (typeof data) {
    case 'string':
      return { string_value: data };
    case 'number':
      return { number_value: data };
    case 'boolean':
      return { bool_value: data };
    case 'undefined':
      return {};
    case 'object':
      if (data === null) return {};
      if (Array.isArray(data)) {
        return { list_value: { values: data.map((item) => toValue(item, depth + 1)) } };
      }
      return { struct_value: toStruct(data, depth + 1) };
    default:
      throw new TypeError(`a ${typeof data} is no data`);
  }
}

export function toStruct(data: object, depth = 0): Fields {
  const fields = Object.entries(data)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => ({ key, value: toValue(value, depth) }));
  return { fields };
}

/**
 * The plain data in a `google.protobuf.Value`, raw or not; a value without a kind is null, and bytes that are not UTF-8
 * become U+FFFD.
 */
export function fromValue(value: unknown): unknown {
  const kinds = (value ?? {}) as Fields;
  if (Object.hasOwn(kinds, 'string_value')) return asText(kinds.string_value);
  if (Object.hasOwn(kinds, 'number_value')) return kinds.number_value;
  if (Object.hasOwn(kinds, 'bool_value')) return kinds.bool_value;
  if (Object.hasOwn(kinds, 'struct_value')) return fromStruct(kinds.struct_value);
  if (Object.hasOwn(kinds, 'list_value')) {
    const { values = [] } = kinds.list_value as { values?: unknown[] };
    return values.map(fromValue);
  }
  return null;
}

/** Text from a field of a message, raw or not; empty where there is none. */
export function asText(field: unknown): string {
  if (typeof field === 'string') return field;
  if (Buffer.isBuffer(field)) return field.toString();
  return field instanceof Uint8Array ? Buffer.from(field).toString() : '';
}

/** An object in which a key such as `__proto__` is a property like any other. */
export function fromStruct(struct: unknown): Record<string, unknown> {
  const { fields = [] } = (struct ?? {}) as { fields?: { key?: unknown; value?: unknown }[] };
  return Object.fromEntries(fields.map(({ key, value }) => [asText(key), fromValue(value)]));
}

/** Deeper data would exhaust the stack of whoever reads it. */
const MAX_DEPTH = 64;
