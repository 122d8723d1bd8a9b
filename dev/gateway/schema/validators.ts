import { RE2JS } from 're2js';
import { luaMatches } from '../lua/pattern.ts';
import { formatNumber, toBytes } from '../lua/value.ts';
import { type ConfigValue, type FieldSchema, isTable } from './field.ts';

type Check = (value: ConfigValue, field: FieldSchema) => string | undefined;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Kong's validators in the order in which it runs them; each gives the message of its failure. */
const checks: [keyof FieldSchema, Check][] = [
  ['eq', (value, { eq }) => (value === eq ? undefined : `value must be ${show(eq)}`)],
  ['ne', (value, { ne }) => (value !== ne ? undefined : `value must not be ${show(ne)}`)],
  [
    'not_one_of',
    (value, { not_one_of = [] }) =>
      not_one_of.includes(value) ? `must not be one of: ${list(not_one_of)}` : undefined,
  ],
  [
    'one_of',
    (value, { one_of = [] }) =>
      one_of.includes(value) ? undefined : `expected one of: ${list(one_of)}`,
  ],
  [
    'gt',
    (value, { gt = 0 }) =>
      typeof value === 'number' && value > gt
        ? undefined
        : `value must be greater than ${show(gt)}`,
  ],
  [
    'timestamp',
    (value) => (typeof value === 'number' && value > 0 ? undefined : 'expected a valid timestamp'),
  ],
  ['uuid', (value) => (UUID.test(String(value)) ? undefined : 'expected a valid UUID')],
  ['is_regex', (value) => regexProblem(String(value))],
  ['between', between],
  [
    'len_eq',
    (value, { len_eq = 0 }) => lengthIs(value, (n) => n === len_eq, `length must be ${len_eq}`),
  ],
  [
    'len_min',
    (value, { len_min = 0 }) =>
      lengthIs(value, (n) => n >= len_min, `length must be at least ${len_min}`),
  ],
  [
    'len_max',
    (value, { len_max = 0 }) =>
      lengthIs(value, (n) => n <= len_max, `length must be at most ${len_max}`),
  ],
  [
    'starts_with',
    (value, { starts_with = '' }) =>
      String(value).startsWith(starts_with) ? undefined : `should start with: ${starts_with}`,
  ],
  [
    'not_match',
    (value, { not_match = '' }) =>
      matches(value, not_match) ? `invalid value: ${show(value)}` : undefined,
  ],
  [
    'match_none',
    (value, { match_none = [] }) => {
      const rule = match_none.find(({ pattern }) => matches(value, pattern));
      return rule && (rule.err ?? `invalid value: ${show(value)}`);
    },
  ],
  [
    'match',
    (value, { match = '' }) =>
      matches(value, match) ? undefined : `invalid value: ${show(value)}`,
  ],
  [
    'match_all',
    (value, { match_all = [] }) => {
      const rule = match_all.find(({ pattern }) => !matches(value, pattern));
      return rule && (rule.err ?? `invalid value: ${show(value)}`);
    },
  ],
  [
    'match_any',
    (value, { match_any }) =>
      match_any?.patterns.some((pattern) => matches(value, pattern))
        ? undefined
        : (match_any?.err ?? `invalid value: ${show(value)}`),
  ],
  [
    'contains',
    (value, { contains = null }) =>
      Array.isArray(value) && value.includes(contains)
        ? undefined
        : `expected to contain: ${show(contains)}`,
  ],
  ['custom_validator', (value, { custom_validator }) => custom_validator?.(value)],
  ['mutually_exclusive_subsets', exclusiveSubsets],
];

/** The message of the first validator that refuses the value. */
export function runValidators(value: ConfigValue, field: FieldSchema): string | undefined {
  for (const [name, check] of checks) {
    if (field[name] === undefined) continue;
    const message = check(value, field);
    if (message !== undefined) return field.err ?? message;
  }
  return undefined;
}

function between(value: ConfigValue, { between: limits = [0, 0] }: FieldSchema) {
  const inside = typeof value === 'number' && value >= limits[0] && value <= limits[1];
  return inside
    ? undefined
    : `value should be between ${Math.trunc(limits[0])} and ${Math.trunc(limits[1])}`;
}

function lengthIs(value: ConfigValue, fits: (length: number) => boolean, message: string) {
  return fits(lengthOf(value)) ? undefined : message;
}

/** Lua's `#`: bytes of a string, elements of a table. */
function lengthOf(value: ConfigValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}

function matches(value: ConfigValue, pattern: string): boolean {
  return luaMatches(toBytes(String(value)), toBytes(pattern));
}

function exclusiveSubsets(
  value: ConfigValue,
  { mutually_exclusive_subsets: subsets = [] }: FieldSchema,
) {
  if (!Array.isArray(value)) return undefined;
  const touched = subsets.filter((subset) => subset.some((member) => value.includes(member)));
  if (touched.length <= 1) return undefined;
  const names = touched.map((subset) => `(${subset.map((name) => `'${name}'`).join(', ')})`);
  return `these sets are mutually exclusive: ${names.join(', ')}`;
}

function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch {
    return `not a valid regex: ${pattern}`;
  }
}

function list(options: ConfigValue[]): string {
  return options.map(show).join(', ');
}

function show(value: ConfigValue | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return formatNumber(value, 14);
  return isTable(value) ? 'table' : String(value);
}
