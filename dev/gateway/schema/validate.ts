import { applyDefaults, asArray, asMap } from './defaults.ts';
import { runEntityChecks } from './entity-checks.ts';
import {
  type ConfigMap,
  type ConfigValue,
  type FieldSchema,
  type Fields,
  isTable,
  type Path,
  type SchemaProblem,
} from './field.ts';
import { isReference } from './reference.ts';
import { suggestion } from './suggest.ts';
import { runValidators } from './validators.ts';

/**
 * Validates a record after defaults, as Kong's schema library does; all problems are found at once.
 * The record's own entity checks run when none of its fields is at fault.
 */
export function validateRecord(
  schema: Pick<FieldSchema, 'fields' | 'entity_checks'>,
  data: ConfigMap,
  path: Path = [],
): SchemaProblem[] {
  const fields: Fields = schema.fields ?? new Map();
  const problems: SchemaProblem[] = [];
  for (const [key, value] of data) {
    const field = fields.get(String(key));
    if (field === undefined) {
      const hint = suggestion(String(key), fields.keys());
      problems.push({ path: [...path, String(key)], message: `unknown field${hint}`, at: 'key' });
    } else {
      problems.push(...validateValue(field, value, [...path, String(key)]));
    }
  }
  for (const [name, field] of fields) {
    if (field.required === true && !field.auto && data.get(name) === undefined) {
      problems.push({ path: [...path, name], message: 'required field missing' });
    }
  }
  const checked = schema.entity_checks ?? [];
  return [...problems, ...runEntityChecks(checked, data, fields, path, problems, validateValue)];
}

/** Validates one value against its field. */
export function validateValue(
  field: FieldSchema,
  value: ConfigValue,
  path: Path = [],
): SchemaProblem[] {
  if (value === null) return nullProblems(field, path);
  if (field.eq === null) return [{ path, message: field.err ?? 'value must be null' }];
  const inner = typeProblems(field, value, path);
  if (inner.length > 0) return inner;
  if (field.type === 'string' && field.referenceable === true && isReference(value)) return [];
  const message = runValidators(value, withImpliedLength(field));
  return message === undefined ? [] : [{ path, message }];
}

function nullProblems(field: FieldSchema, path: Path): SchemaProblem[] {
  if (field.ne === null) return [{ path, message: field.err ?? 'value must not be null' }];
  if (field.eq !== undefined && field.eq !== null) {
    return [{ path, message: `value must be ${String(field.eq)}` }];
  }
  return field.required === true ? [{ path, message: 'required field missing' }] : [];
}

/** An empty string is refused unless the schema says `len_min: 0`. */
function withImpliedLength(field: FieldSchema): FieldSchema {
  return field.type === 'string' && field.len_min === undefined ? { ...field, len_min: 1 } : field;
}

function typeProblems(field: FieldSchema, value: ConfigValue, path: Path): SchemaProblem[] {
  switch (field.type) {
    case 'array':
    case 'set':
      return elementProblems(field, value, path);
    case 'map':
      return mapProblems(field, value, path);
    case 'record': {
      if (!isTable(value)) return [{ path, message: 'expected a record' }];
      return validateRecord(field, applyDefaults(field.fields ?? new Map(), asMap(value)), path);
    }
    case 'integer':
      return expect(Number.isInteger(value), 'expected an integer', path);
    case 'any':
    case 'foreign':
      return [];
    default: {
      const article = 'a';
      const fits = typeof value === field.type && !Number.isNaN(value);
      return expect(fits, `expected ${article} ${field.type}`, path);
    }
  }
}

function expect(fits: boolean, message: string, path: Path): SchemaProblem[] {
  return fits ? [] : [{ path, message }];
}

function elementProblems(field: FieldSchema, value: ConfigValue, path: Path): SchemaProblem[] {
  const items = isTable(value) ? asArray(value) : undefined;
  if (items === undefined) {
    return [{ path, message: field.type === 'set' ? 'expected a set' : 'expected an array' }];
  }
  const elements = field.elements;
  if (elements === undefined) return [];
  return items.flatMap((item, index) =>
    validateValue({ ...elements, required: true }, item, [...path, index]),
  );
}

function mapProblems(field: FieldSchema, value: ConfigValue, path: Path): SchemaProblem[] {
  if (!isTable(value)) return [{ path, message: 'expected a map' }];
  const { keys, values } = field;
  for (const [key, item] of asMap(value)) {
    const keyPath = [...path, String(key)];
    const found = keys ? validateValue({ ...keys, required: true }, key, keyPath) : [];
    if (found.length > 0) return found.map((problem) => ({ ...problem, at: 'key' }));
    const inner = values ? validateValue({ ...values, required: true }, item, keyPath) : [];
    if (inner.length > 0) return inner;
  }
  return [];
}
