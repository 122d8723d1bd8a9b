import {
  type ConfigMap,
  type ConfigValue,
  type EntityCheck,
  type FieldSchema,
  type Fields,
  isTable,
  type Path,
  type SchemaProblem,
} from './field.ts';
import { readField } from './read-schema.ts';
import { isReference } from './reference.ts';

type ValidateValue = (field: FieldSchema, value: ConfigValue, path?: Path) => SchemaProblem[];

/**
 * Rules over several fields of one record: `at_least_one_of`, `only_one_of`, `distinct`,
 * `mutually_required`, `mutually_exclusive`, `mutually_exclusive_sets`, `conditional` and
 * `conditional_at_least_one_of`. A rule with a reference in one of its fields does not run.
 */
export function runEntityChecks(
  checks: EntityCheck[],
  data: ConfigMap,
  fields: Fields,
  path: Path,
  earlier: SchemaProblem[],
  validateValue: ValidateValue,
): SchemaProblem[] {
  const get = (name: string) => lookUp(data, name);
  const isSet = (name: string) => isNonEmpty(get(name));
  const problems: SchemaProblem[] = [];
  const fail = (message: string, name?: string) =>
    problems.push({ path: name === undefined ? path : [...path, ...name.split('.')], message });

  for (const { name, argument } of checks) {
    const names = stringsIn(argument);
    const isReferenced = names.some(
      (each) => isReference(get(each)) && fields.get(each)?.referenceable,
    );
    if (isReferenced) continue;
    const present = names.filter(isSet);
    switch (name) {
      case 'at_least_one_of':
        if (present.length === 0) {
          fail(`at least one of these fields must be non-empty: ${quoted(names)}`);
        }
        break;
      case 'only_one_of':
        if (present.length !== 1) {
          fail(`exactly one of these fields must be non-empty: ${quoted(names)}`);
        }
        break;
      case 'distinct':
        if (new Set(present.map(get)).size !== present.length) {
          fail(`values of these fields must be distinct: ${quoted(names)}`);
        }
        break;
      case 'mutually_required':
        if (present.length !== 0 && present.length !== names.length) {
          fail(`all or none of these fields must be set: ${quoted(names)}`);
        }
        break;
      case 'mutually_exclusive':
        if (present.length > 1) {
          fail(`only one or none of these fields must be set: ${quoted(names)}`);
        }
        break;
      case 'mutually_exclusive_sets': {
        const sets = ['set1', 'set2'].map((key) => stringsIn(member(argument, key)).filter(isSet));
        if (sets.every((set) => set.length > 0)) {
          const shown = sets.map((set) => `(${quoted(set)})`).join(', ');
          fail(`these sets are mutually exclusive: ${shown}`);
        }
        break;
      }
      case 'conditional':
        conditional(argument);
        break;
      case 'conditional_at_least_one_of':
        conditionalAtLeastOneOf(argument);
        break;
    }
  }
  return problems;

  /** Whether a field fits the validators of `match`, read together with its own schema. */
  function mismatch(fieldName: string, match: ConfigValue | undefined): SchemaProblem[] {
    const own = fieldSchema(fields, fieldName);
    if (own === undefined) return [];
    return validateValue(
      { ...own, ...readField(match ?? new Map(), own.type) },
      get(fieldName) ?? null,
    );
  }

  function conditional(argument: ConfigValue): void {
    const ifField = text(member(argument, 'if_field'));
    const thenField = text(member(argument, 'then_field'));
    const blamed = earlier.some(({ path: at }) => at[path.length] === ifField);
    if (blamed || mismatch(ifField, member(argument, 'if_match')).length > 0) return;
    const wanted = member(argument, 'then_match');
    const isMissing = member(wanted, 'required') === true && (get(thenField) ?? null) === null;
    const found = isMissing
      ? [{ path: [], message: 'required field missing' }]
      : mismatch(thenField, wanted);
    const [first] = found;
    if (first === undefined) return;
    fail(first.message, thenField);
    const custom = member(argument, 'then_err');
    fail(
      typeof custom === 'string'
        ? custom.replace('%s', ifField)
        : `failed conditional validation given value of field '${ifField}'`,
    );
  }

  function conditionalAtLeastOneOf(argument: ConfigValue): void {
    const ifField = text(member(argument, 'if_field'));
    if (get(ifField) === undefined) return;
    for (const [match, wanted, error] of [
      ['if_match', 'then_at_least_one_of', 'then_err'],
      ['else_match', 'else_then_at_least_one_of', 'else_then_err'],
    ] as const) {
      const rule = member(argument, match);
      if (rule === undefined) return;
      if (mismatch(ifField, rule).length > 0) continue;
      const names = stringsIn(member(argument, wanted));
      if (names.some(isSet)) return;
      const custom = member(argument, error);
      const list = quoted(names);
      fail(
        typeof custom === 'string'
          ? custom.replace('%s', list)
          : `at least one of these fields must be non-empty: ${list}`,
      );
      return;
    }
  }
}

function isNonEmpty(value: ConfigValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (!isTable(value)) return true;
  return Array.isArray(value) ? value.length > 0 : value.size > 0;
}

/** `a.b.c` in nested records. */
function lookUp(data: ConfigMap, name: string): ConfigValue | undefined {
  let value: ConfigValue | undefined = data;
  for (const part of name.split('.')) {
    value = value instanceof Map ? value.get(part) : undefined;
  }
  return value;
}

function fieldSchema(fields: Fields, name: string): FieldSchema | undefined {
  const [first = '', ...rest] = name.split('.');
  const field = fields.get(first);
  if (rest.length === 0 || field?.fields === undefined) return field;
  return fieldSchema(field.fields, rest.join('.'));
}

function member(value: ConfigValue | undefined, key: string): ConfigValue | undefined {
  return value instanceof Map ? value.get(key) : undefined;
}

function text(value: ConfigValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function stringsIn(value: ConfigValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function quoted(names: string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
