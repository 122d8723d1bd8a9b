export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * Tells whether JSON is what a schema describes, by the keywords that the schema of policies uses; `format` is for
 * editors.
 *
 * @throws Error where the schema uses others
 */
export function matchesSchema(value: unknown, schema: JsonSchema, root = schema): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`${keyword} is not a keyword that is known here`);
    return check({
      value,
      rule,
      schema,
      matches: (part, of) => matchesSchema(part, of, root),
      root,
    });
  });
}

interface Check {
  readonly value: unknown;
  readonly rule: unknown;
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  matches(part: unknown, schema: JsonSchema): boolean;
}

const anything = () => true;

const KEYWORDS: Record<string, (check: Check) => boolean> = {
  $schema: anything,
  $defs: anything,
  title: anything,
  description: anything,
  default: anything,
  format: anything,
  type: ({ value, rule }) => TYPES[String(rule)]?.(value) ?? false,
  const: ({ value, rule }) => value === rule,
  enum: ({ value, rule }) => list<unknown>(rule).includes(value),
  minimum: ({ value, rule }) => typeof value !== 'number' || value >= Number(rule),
  maximum: ({ value, rule }) => typeof value !== 'number' || value <= Number(rule),
  minLength: ({ value, rule }) => typeof value !== 'string' || value.length >= Number(rule),
  maxLength: ({ value, rule }) => typeof value !== 'string' || value.length <= Number(rule),
  pattern: ({ value, rule }) =>
    typeof value !== 'string' || new RegExp(String(rule), 'u').test(value),
  minItems: ({ value, rule }) => !Array.isArray(value) || value.length >= Number(rule),
  maxItems: ({ value, rule }) => !Array.isArray(value) || value.length <= Number(rule),
  items: ({ value, rule, matches }) =>
    !Array.isArray(value) || value.every((item) => matches(item, rule as JsonSchema)),
  required: ({ value, rule }) =>
    !isMap(value) || list<string>(rule).every((name) => Object.hasOwn(value, name)),
  properties: ({ value, rule, matches }) =>
    !isMap(value) ||
    Object.entries(rule as Record<string, JsonSchema>).every(
      ([name, of]) => !Object.hasOwn(value, name) || matches(value[name], of),
    ),
  propertyNames: ({ value, rule, matches }) =>
    !isMap(value) || Object.keys(value).every((name) => matches(name, rule as JsonSchema)),
  additionalProperties: ({ value, rule, schema, matches }) =>
    !isMap(value) ||
    Object.keys(value)
      .filter((name) => !Object.hasOwn(Object(schema.properties), name))
      .every((name) => rule !== false && matches(value[name], rule as JsonSchema)),
  anyOf: ({ value, rule, matches }) =>
    list<JsonSchema>(rule).some((choice) => matches(value, choice)),
  allOf: ({ value, rule, matches }) =>
    list<JsonSchema>(rule).every((choice) => matches(value, choice)),
  oneOf: ({ value, rule, matches }) =>
    list<JsonSchema>(rule).filter((choice) => matches(value, choice)).length === 1,
  $ref: ({ value, rule, root, matches }) => {
    const defined = Object(root.$defs)[String(rule).replace('#/$defs/', '')];
    return matches(value, defined);
  },
};

const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: Array.isArray,
  object: isMap,
};

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list<T>(rule: unknown): readonly T[] {
  return rule as readonly T[];
}
