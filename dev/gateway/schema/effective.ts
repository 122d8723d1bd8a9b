import { asArray, asMap, missing } from './defaults.ts';
import {
  type ConfigMap,
  type ConfigValue,
  type FieldSchema,
  type Fields,
  isTable,
} from './field.ts';
import { isReference, type ResolveReference } from './reference.ts';

export interface ReferenceOptions {
  resolve: ResolveReference;
  /** Called for a reference that stands for nothing; its field becomes an empty string. */
  onUnresolved: (reference: string) => void;
}

/**
 * A stored entity as Kong hands it out: no nulls, and references of `referenceable` fields resolved,
 * with what was written kept under `$refs` of the same record.
 */
export function effectiveRecord(
  fields: Fields,
  stored: ConfigMap,
  references: ReferenceOptions,
): ConfigMap {
  const data: ConfigMap = new Map();
  const refs: ConfigMap = new Map();
  for (const [name, field] of fields) {
    const value = effectiveValue(field, stored.get(name) ?? null, references);
    if (value === null) continue;
    const { resolved, written } = resolveField(field, value, references);
    data.set(name, resolved);
    if (written !== undefined) refs.set(name, written);
  }
  if (refs.size > 0) data.set('$refs', refs);
  return data;
}

function effectiveValue(
  field: FieldSchema,
  stored: ConfigValue,
  references: ReferenceOptions,
): ConfigValue {
  const value = stored === null && field.required === true ? (missing(field) ?? null) : stored;
  if (!isTable(value)) return value;
  const each = (item: ConfigValue, schema: FieldSchema | undefined) =>
    schema ? effectiveValue(schema, item, references) : item;
  switch (field.type) {
    case 'record':
      return effectiveRecord(field.fields ?? new Map(), asMap(value), references);
    case 'array':
    case 'set':
      return (asArray(value) ?? []).map((item) => each(item, field.elements));
    case 'map':
      return new Map([...asMap(value)].map(([key, item]) => [key, each(item, field.values)]));
    default:
      return value;
  }
}

interface Resolution {
  resolved: ConfigValue;
  written?: ConfigValue;
}

function resolveField(
  field: FieldSchema,
  value: ConfigValue,
  references: ReferenceOptions,
): Resolution {
  const resolve = (reference: string) => {
    const secret = references.resolve(reference);
    if (secret === undefined) references.onUnresolved(reference);
    return secret ?? '';
  };
  const isReferenceable = (schema: FieldSchema | undefined) =>
    schema?.type === 'string' && schema.referenceable === true;
  if (isReferenceable(field) && isReference(value)) {
    return { resolved: resolve(value), written: value };
  }
  if (Array.isArray(value) && isReferenceable(field.elements) && value.some(isReference)) {
    return {
      resolved: value.map((item) => (isReference(item) ? resolve(item) : item)),
      written: value.filter(isReference),
    };
  }
  if (value instanceof Map && field.type === 'map' && isReferenceable(field.values)) {
    const written = [...value].filter(([, item]) => isReference(item));
    if (written.length === 0) return { resolved: value };
    const resolved = [...value].map(
      ([key, item]) => [key, isReference(item) ? resolve(item) : item] as const,
    );
    return { resolved: new Map(resolved), written: new Map(written) };
  }
  return { resolved: value };
}
