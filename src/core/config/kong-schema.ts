import { z } from 'zod';
import type { ConfigFields } from './fields.ts';

/** A field of a Kong schema, as kong/db/schema/metaschema.lua of Kong 3.9 accepts it over the plugin-server protocol. */
export interface KongField {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'map' | 'record';
  description?: string;
  required?: boolean;
  default?: unknown;
  referenceable?: true;
  encrypted?: true;
  one_of?: unknown[];
  between?: [number, number];
  len_min?: number;
  len_max?: number;
  elements?: KongField;
  keys?: KongField;
  values?: KongField;
  fields?: Record<string, KongField>[];
}

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  referenceable?: boolean;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
}

/**
 * Derives the Kong schema of a plugin's config.
 * What Kong's language cannot say (URL forms, algorithm lists) is left to the parser, which refuses with `invalid_config`.
 *
 * @throws Error on a field kind that Kong has no counterpart for: a mistake in the definition, found by any test that loads it
 */
export function toKongSchema(fields: ConfigFields): Record<string, KongField>[] {
  const schema = z.toJSONSchema(fields, { io: 'input' }) as JsonSchema;
  return recordFields(schema);
}

function recordFields(schema: JsonSchema): Record<string, KongField>[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const field = toField(name, property);
    if (required.has(name)) field.required = true;
    // Kong fills in a record that it is given no word about, as if somebody had asked for what it turns on.
    else if (field.type === 'record' && field.default === undefined) field.required = false;
    return { [name]: field };
  });
}

function toField(path: string, schema: JsonSchema): KongField {
  const field = { ...shape(path, schema) };
  if (schema.description !== undefined) field.description = schema.description;
  if (schema.default !== undefined) field.default = schema.default;
  if (schema.enum !== undefined) field.one_of = schema.enum;
  if (schema.referenceable === true) field.referenceable = field.encrypted = true;
  return field;
}

function shape(path: string, schema: JsonSchema): KongField {
  switch (schema.type) {
    case 'string':
      return { type: 'string', ...lengths(schema.minLength, schema.maxLength) };
    case 'integer':
    case 'number':
      return { type: schema.type, ...between(path, schema) };
    case 'boolean':
      return { type: 'boolean' };
    case 'array':
      return {
        type: 'array',
        elements: toField(`${path}[]`, schema.items ?? {}),
        ...lengths(schema.minItems, schema.maxItems),
      };
    case 'object':
      return objectShape(path, schema);
    default:
      throw new Error(`config field ${path} has no counterpart in a Kong schema`);
  }
}

function objectShape(path: string, schema: JsonSchema): KongField {
  if (schema.properties !== undefined) return { type: 'record', fields: recordFields(schema) };
  if (typeof schema.additionalProperties !== 'object') {
    throw new Error(`config field ${path} is a map without a type for its values`);
  }
  return {
    type: 'map',
    keys: toField(`${path} key`, { type: 'string', ...schema.propertyNames }),
    values: toField(`${path} value`, schema.additionalProperties),
  };
}

function lengths(
  minimum: number | undefined,
  maximum: number | undefined,
): Pick<KongField, 'len_min' | 'len_max'> {
  return {
    ...(minimum === undefined ? {} : { len_min: minimum }),
    ...(maximum === undefined ? {} : { len_max: maximum }),
  };
}

function between(path: string, { minimum, maximum }: JsonSchema): Pick<KongField, 'between'> {
  if (minimum === undefined && maximum === undefined) return {};
  if (minimum === undefined || maximum === undefined) {
    throw new Error(`config field ${path} needs both bounds: Kong's "between" takes two`);
  }
  return { between: [minimum, maximum] };
}
