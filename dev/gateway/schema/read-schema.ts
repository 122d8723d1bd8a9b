import {
  type ConfigMap,
  type ConfigValue,
  type EntityCheck,
  type FieldSchema,
  type Fields,
  type FieldType,
  isTable,
} from './field.ts';

const TYPES: FieldType[] = [
  'array',
  'set',
  'map',
  'record',
  'string',
  'number',
  'integer',
  'boolean',
  'foreign',
  'any',
];

/** Attributes whose value is taken as it stands. */
const PLAIN = [
  'required',
  'default',
  'referenceable',
  'err',
  'auto',
  'eq',
  'ne',
  'not_one_of',
  'one_of',
  'gt',
  'timestamp',
  'uuid',
  'is_regex',
  'between',
  'len_eq',
  'len_min',
  'len_max',
  'starts_with',
  'not_match',
  'match',
  'contains',
  'mutually_exclusive_subsets',
] as const;

/**
 * A field definition as Kong writes it (`{ type, required, fields: [ { name: {…} } ], … }`) as a
 * `FieldSchema`. The definition has been checked before; what is not understood is left out.
 */
export function readField(definition: ConfigValue, fallback: FieldType = 'any'): FieldSchema {
  const attributes: ConfigMap = definition instanceof Map ? definition : new Map();
  const type = TYPES.find((name) => name === attributes.get('type')) ?? fallback;
  const field: FieldSchema = { type };
  for (const name of PLAIN) {
    const value = attributes.get(name);
    if (value !== undefined) Object.assign(field, { [name]: value });
  }
  for (const name of ['elements', 'keys', 'values'] as const) {
    const nested = attributes.get(name);
    if (isTable(nested)) field[name] = readField(nested);
  }
  for (const name of ['match_all', 'match_none'] as const) {
    const rules = attributes.get(name);
    if (Array.isArray(rules)) field[name] = rules.map(readPatternRule);
  }
  const any = attributes.get('match_any');
  if (any instanceof Map) {
    field.match_any = { patterns: strings(any.get('patterns')), err: optionalText(any.get('err')) };
  }
  const fields = attributes.get('fields');
  if (Array.isArray(fields)) field.fields = readFields(fields);
  const checks = attributes.get('entity_checks');
  if (Array.isArray(checks)) field.entity_checks = checks.flatMap(readEntityCheck);
  return field;
}

/** `[ { name: definition }, … ]` */
export function readFields(list: ConfigValue[]): Fields {
  const fields: Fields = new Map();
  for (const entry of list) {
    if (!(entry instanceof Map)) continue;
    const [first] = entry;
    if (first !== undefined) fields.set(String(first[0]), readField(first[1]));
  }
  return fields;
}

function readPatternRule(rule: ConfigValue) {
  const entries: ConfigMap = rule instanceof Map ? rule : new Map();
  return { pattern: String(entries.get('pattern') ?? ''), err: optionalText(entries.get('err')) };
}

function readEntityCheck(check: ConfigValue): EntityCheck[] {
  if (!(check instanceof Map)) return [];
  return [...check]
    .filter(([, argument]) => argument !== null)
    .map(([name, argument]) => ({ name: String(name), argument }));
}

function strings(value: ConfigValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function optionalText(value: ConfigValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
