import {
  type ConfigMap,
  type ConfigValue,
  type FieldSchema,
  type Fields,
  isTable,
} from './field.ts';

/**
 * Fills in what is not there, as Kong does when it takes in an entity: defaults at every depth, null
 * for a field that is neither required nor defaulted, the full structure of a required record.
 * Unknown keys stay, so that validation can refuse them.
 */
export function applyDefaults(fields: Fields, data: ConfigMap): ConfigMap {
  const filled: ConfigMap = new Map(data);
  for (const [name, field] of fields) {
    const value = fillField(field, data.get(name));
    if (value === undefined) filled.delete(name);
    else filled.set(name, value);
  }
  return filled;
}

/** The value of a field after defaults; undefined when it is required and missing. */
function fillField(field: FieldSchema, given: ConfigValue | undefined): ConfigValue | undefined {
  if (field.type === 'record') {
    const wanted = given === undefined && field.required === true ? missing(field) : given;
    if (isTable(wanted)) return applyDefaults(field.fields ?? new Map(), asMap(wanted));
    return wanted === undefined ? missing(field) : wanted;
  }
  if (given === undefined) return missing(field);
  if (!isTable(given)) return given;
  return fillElements(field, given);
}

function fillElements(field: FieldSchema, given: ConfigValue[] | ConfigMap): ConfigValue {
  if (field.type === 'map') {
    const values = field.values;
    const entries = [...asMap(given)];
    return new Map(
      entries.map(([key, item]) => [key, values ? (fillField(values, item) ?? item) : item]),
    );
  }
  if (field.type !== 'array' && field.type !== 'set') return given;
  const items = asArray(given);
  if (items === undefined) return given;
  const elements = field.elements;
  const filled = items.map((item) => (elements ? (fillField(elements, item) ?? item) : item));
  return field.type === 'set' ? withoutRepeats(filled) : filled;
}

/** @see https://docs.konghq.com/gateway/latest/plugin-development/configuration/ */
export function missing(field: FieldSchema): ConfigValue | undefined {
  if (field.default !== undefined) return structuredClone(field.default);
  if (field.required !== true) return null;
  if (field.type === 'record') return applyDefaults(field.fields ?? new Map(), new Map());
  return undefined;
}

/** An empty sequence and an empty map are the same table in Lua. */
export function asMap(table: ConfigValue[] | ConfigMap): ConfigMap {
  if (table instanceof Map) return table;
  return new Map(table.map((item, index) => [index + 1, item]));
}

export function asArray(table: ConfigValue[] | ConfigMap): ConfigValue[] | undefined {
  if (Array.isArray(table)) return table;
  return table.size === 0 ? [] : undefined;
}

function withoutRepeats(items: ConfigValue[]): ConfigValue[] {
  return [...new Set(items)];
}
