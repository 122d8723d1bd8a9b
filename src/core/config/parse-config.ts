import { z } from 'zod';
import { ConfigError } from '../config-error.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { ConfigFields } from './fields.ts';

/**
 * Parses what Kong hands a plugin instance: the config with Kong's own keys among it, unset fields as null,
 * and empty Lua tables as `{}` or `[]` whatever they were meant to be.
 *
 * @throws ConfigError naming each wrong field by its path; values are never repeated, because they may be secrets
 */
export function parseConfig<F extends ConfigFields>(fields: F, raw: unknown): z.output<F> {
  if (!isJsonObject(raw)) throw new ConfigError(['config: must be an object']);
  const shape = shapeOf(fields);
  const result = fields.safeParse(clean(withoutKongKeys(raw), shape));
  if (!result.success) throw new ConfigError(result.error.issues.map(describe));
  return result.data;
}

/** Keys that Kong 3.4 to 3.9 adds beside the configured ones (kong/runloop/plugins_iterator.lua). */
const KONG_KEYS = new Set([
  'route_id',
  'service_id',
  'consumer_id',
  'consumer_group_id',
  'plugin_instance_name',
]);

function withoutKongKeys(raw: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(raw).filter(([name]) => !name.startsWith('__') && !KONG_KEYS.has(name)),
  );
}

/** Making it takes milliseconds, and Kong starts instances by the hundred. */
const shapes = new WeakMap<ConfigFields, Shape>();

function shapeOf(fields: ConfigFields): Shape {
  const known = shapes.get(fields);
  if (known !== undefined) return known;
  const shape = z.toJSONSchema(fields, { io: 'input' });
  shapes.set(fields, shape);
  return shape;
}

type Shape = z.core.JSONSchema._JSONSchema | undefined;

function clean(value: JsonValue, shape: Shape): JsonValue {
  const type = typeof shape === 'object' ? shape.type : undefined;
  const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (empty && type === 'array') return [];
  if (empty && type === 'object') return {};
  if (Array.isArray(value)) return value.map((element) => clean(element, itemShape(shape)));
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([name, member]) => member !== null && name !== '$refs',
  );
  return Object.fromEntries(
    kept.map(([name, member]) => [name, clean(member, memberShape(shape, name))]),
  );
}

function itemShape(shape: Shape): Shape {
  const items = typeof shape === 'object' ? shape.items : undefined;
  return Array.isArray(items) ? undefined : items;
}

function memberShape(shape: Shape, name: string): Shape {
  if (typeof shape !== 'object') return undefined;
  return shape.properties?.[name] ?? shape.additionalProperties;
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    'config',
  );
  return `${path}: ${issue.message}`;
}
