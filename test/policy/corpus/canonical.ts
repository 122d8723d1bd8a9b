/**
 * CEL values in one spelling, whichever library made them. It tells an int from a double, unlike CEL's own `==`, and
 * does not tell the order of a map's entries.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return `int ${value}`;
    case 'number':
      return `double ${Object.is(value, -0) ? '-0' : value}`;
    case 'string':
      return JSON.stringify(value);
    default:
      return typeof value === 'object' && value !== null ? ofObject(value) : String(value);
  }
}

export function ofList(elements: readonly string[]): string {
  return `[${elements.join(', ')}]`;
}

export function ofMap(entries: readonly (readonly [string, string])[]): string {
  return `{${entries
    .map(([key, member]) => `${key}: ${member}`)
    .sort()
    .join(', ')}}`;
}

export function ofTime(kind: 'timestamp' | 'duration', seconds: bigint, nanos: number): string {
  return `${kind} ${seconds * 1_000_000_000n + BigInt(nanos)}`;
}

function ofObject(value: object): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return `timestamp ${BigInt(value.getTime()) * 1_000_000n}`;
  if (Array.isArray(value)) return ofList(value.map(canonical));
  if (value instanceof Map) return ofMembers([...value.entries()]);
  if (value.constructor === Object) return ofMembers(Object.entries(value));
  if ('value' in value && typeof value.value === 'bigint') return `uint ${value.value}`;
  if (isDuration(value)) return ofTime('duration', value.seconds, value.nanos);
  return 'name' in value ? `type ${value.name}` : String(value);
}

function ofMembers(entries: readonly (readonly [unknown, unknown])[]): string {
  return ofMap(entries.map(([key, member]) => [canonical(key), canonical(member)] as const));
}

function isDuration(value: object): value is { seconds: bigint; nanos: number } {
  return 'seconds' in value && typeof value.seconds === 'bigint' && 'nanos' in value;
}
