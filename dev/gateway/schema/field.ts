/** A value of kong.yml: what is written there, with YAML's null kept apart from "not there". */
export type ConfigValue = null | boolean | number | string | ConfigValue[] | ConfigMap;
export type ConfigMap = Map<ConfigKey, ConfigValue>;
export type ConfigKey = string | number | boolean;

export type FieldType =
  | 'array'
  | 'set'
  | 'map'
  | 'record'
  | 'string'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'foreign'
  | 'any';

export interface PatternRule {
  pattern: string;
  err?: string | undefined;
}

/** The validators of Kong's schema library that act on one value. */
export interface Validators {
  eq?: ConfigValue;
  ne?: ConfigValue;
  not_one_of?: ConfigValue[];
  one_of?: ConfigValue[];
  gt?: number;
  timestamp?: boolean;
  uuid?: boolean;
  is_regex?: boolean;
  between?: [number, number];
  len_eq?: number;
  len_min?: number;
  len_max?: number;
  starts_with?: string;
  not_match?: string;
  match_none?: PatternRule[];
  match?: string;
  match_all?: PatternRule[];
  match_any?: { patterns: string[]; err?: string | undefined };
  contains?: ConfigValue;
  custom_validator?: (value: ConfigValue) => string | undefined;
  mutually_exclusive_subsets?: string[][];
}

export interface FieldSchema extends Validators {
  type: FieldType;
  required?: boolean;
  default?: ConfigValue;
  elements?: FieldSchema;
  keys?: FieldSchema;
  values?: FieldSchema;
  fields?: Fields;
  entity_checks?: EntityCheck[];
  referenceable?: boolean;
  /** Replaces the message of any validator that fails. */
  err?: string;
  /** Filled in by Kong: ids and times of creation. */
  auto?: boolean;
}

export type Fields = Map<string, FieldSchema>;

/** A rule over several fields of one record: its name and its argument, as in the schema. */
export interface EntityCheck {
  name: string;
  argument: ConfigValue;
}

/** Where in a value something is: keys of maps and indexes of arrays, outermost first. */
export type Path = readonly (string | number)[];

export interface SchemaProblem {
  path: Path;
  message: string;
  /** An unknown field is the fault of its key, anything else of its value. */
  at?: 'key';
}

export function isTable(value: ConfigValue | undefined): value is ConfigValue[] | ConfigMap {
  return typeof value === 'object' && value !== null;
}
