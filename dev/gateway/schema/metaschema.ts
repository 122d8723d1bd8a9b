import type { ConfigMap, ConfigValue, FieldSchema, Path, SchemaProblem } from './field.ts';
import { readField } from './read-schema.ts';
import { validateValue } from './validate.ts';

const string: FieldSchema = { type: 'string' };
const boolean: FieldSchema = { type: 'boolean' };
const integer: FieldSchema = { type: 'integer' };
const any: FieldSchema = { type: 'any' };
const strings: FieldSchema = { type: 'array', elements: string };
const anything: FieldSchema = { type: 'array', elements: any };
const patternRules: FieldSchema = {
  type: 'array',
  elements: {
    type: 'record',
    fields: new Map([
      ['pattern', { type: 'string', required: true }],
      ['err', string],
    ]),
  },
};

/** What a field of a plugin's schema may say, after Kong's metaschema. */
const fieldDefinition: FieldSchema = {
  type: 'record',
  fields: new Map<string, FieldSchema>([
    [
      'type',
      {
        type: 'string',
        required: true,
        one_of: [
          'array',
          'set',
          'string',
          'number',
          'boolean',
          'integer',
          'foreign',
          'map',
          'record',
          'function',
          'json',
        ],
      },
    ],
    ['required', boolean],
    ['reference', string],
    ['description', { type: 'string', len_min: 10, len_max: 500 }],
    ['examples', anything],
    ['auto', boolean],
    ['unique', boolean],
    ['unique_across_ws', boolean],
    ['on_delete', { type: 'string', one_of: ['restrict', 'cascade', 'null'] }],
    ['default', any],
    ['abstract', boolean],
    ['generate_admin_api', boolean],
    ['immutable', boolean],
    ['err', string],
    ['encrypted', boolean],
    ['referenceable', boolean],
    ['json_schema', any],
    ['transient', boolean],
    ['deprecation', any],
    ['between', { type: 'array', elements: { type: 'number' }, len_eq: 2 }],
    ['eq', any],
    ['ne', any],
    ['gt', { type: 'number' }],
    ['len_eq', integer],
    ['len_min', integer],
    ['len_max', integer],
    ['match', string],
    ['not_match', string],
    ['match_all', patternRules],
    ['match_none', patternRules],
    ['match_any', any],
    ['starts_with', string],
    ['one_of', anything],
    ['not_one_of', anything],
    ['contains', any],
    ['is_regex', boolean],
    ['timestamp', boolean],
    ['uuid', boolean],
    ['mutually_exclusive_subsets', { type: 'array', elements: strings }],
    ['entity_checks', { type: 'array', elements: { type: 'map', keys: string, values: any } }],
  ]),
};
const fieldList: FieldSchema = {
  type: 'array',
  elements: {
    type: 'map',
    keys: string,
    values: fieldDefinition,
    required: true,
    len_eq: 1,
  },
};
for (const name of ['elements', 'keys', 'values'])
  fieldDefinition.fields?.set(name, fieldDefinition);
fieldDefinition.fields?.set('fields', fieldList);

const pluginSchema: FieldSchema = {
  type: 'record',
  fields: new Map<string, FieldSchema>([
    ['name', { type: 'string', required: true }],
    ['fields', { ...fieldList, required: true }],
    ['entity_checks', any],
    ['shorthand_fields', any],
    ['transformations', any],
  ]),
};

const REQUIRED_ATTRIBUTES: Record<string, string[]> = {
  array: ['elements'],
  set: ['elements'],
  map: ['keys', 'values'],
  record: ['fields'],
};

const ATTRIBUTE_TYPES: Record<string, string[]> = {
  between: ['integer', 'number'],
  len_eq: ['array', 'set', 'string', 'map'],
  match: ['string'],
  one_of: ['string', 'number', 'integer'],
  contains: ['array', 'set'],
  is_regex: ['string'],
  timestamp: ['number', 'integer'],
  uuid: ['string'],
};

/** Problems of the schema that a plugin declares, as Kong finds them when it loads the plugin. */
export function pluginSchemaProblems(schema: ConfigValue): SchemaProblem[] {
  const problems = validateValue(pluginSchema, schema);
  if (problems.length > 0) return problems;
  return schema instanceof Map ? listProblems(schema.get('fields'), ['fields']) : [];
}

function listProblems(list: ConfigValue | undefined, path: Path): SchemaProblem[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) => {
    const [first] = entry instanceof Map ? entry : [];
    if (first === undefined) return [{ path, message: 'field entry table is empty' }];
    const [name, definition] = first;
    return definition instanceof Map ? fieldProblems(definition, [...path, String(name)]) : [];
  });
}

function fieldProblems(definition: ConfigMap, path: Path): SchemaProblem[] {
  const type = String(definition.get('type'));
  const problems: SchemaProblem[] = [];
  for (const attribute of REQUIRED_ATTRIBUTES[type] ?? []) {
    if ((definition.get(attribute) ?? null) === null) {
      problems.push({ path, message: `field of type '${type}' must declare '${attribute}'` });
    }
  }
  for (const attribute of definition.keys()) {
    const types = ATTRIBUTE_TYPES[String(attribute)];
    if (types !== undefined && !types.includes(type)) {
      const message = `field of type '${type}' cannot have attribute '${String(attribute)}'`;
      problems.push({ path, message });
    }
  }
  for (const name of ['elements', 'keys', 'values']) {
    const nested = definition.get(name);
    if (nested instanceof Map) problems.push(...fieldProblems(nested, [...path, name]));
  }
  const fallback = definition.get('default');
  if (problems.length === 0 && fallback !== undefined) {
    problems.push(...validateValue(readField(definition), fallback, [...path, 'default']));
  }
  return [...problems, ...listProblems(definition.get('fields'), path)];
}
