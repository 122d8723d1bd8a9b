import { isMap, isScalar } from 'yaml';
import type { z } from 'zod';
import { suggest } from '../suggest.ts';
import { type ParsedYaml, start } from './parse-yaml.ts';
import { fieldNames, type PolicyDocument, policySchema } from './schema.ts';
import { ENOUGH_PROBLEMS, type Problem } from './source.ts';

/** Checks fields and types of a parsed policy. */
export function checkShape(yaml: ParsedYaml): PolicyDocument | { problems: Problem[] } {
  const result = policySchema.safeParse(yaml.value);
  if (result.success) return result.data;
  const problems: Problem[] = [];
  for (const issue of result.error.issues) {
    if (problems.length >= ENOUGH_PROBLEMS) break;
    problems.push(...describe(issue, yaml));
  }
  return { problems };
}

function describe(issue: z.core.$ZodIssue, yaml: ParsedYaml): Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, ENOUGH_PROBLEMS).map((key) => ({
      offset: yaml.keyOffset(path, key) ?? 0,
      message: `${prefix(path)}unknown field "${key}"`,
      hint: () => suggest(key, fieldNames(path)),
    }));
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const message = issue.issues.map(({ message }) => message).join(', ');
    const offset = yaml.keyOffset(path.slice(0, -1), key) ?? 0;
    return [
      { offset, message: `${render(path.slice(0, -1))}: the key "${key}" ${plain(message)}` },
    ];
  }
  return [{ offset: offsetOf(path, yaml), message: `${render(path)} ${wording(issue, yaml)}` }];
}

function wording(issue: z.core.$ZodIssue, yaml: ParsedYaml): string {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value': {
      const expected =
        issue.code === 'invalid_type'
          ? (TYPES[issue.expected] ?? issue.expected)
          : issue.values.map((value) => JSON.stringify(value)).join(' or ');
      if (isMissing(issue.path, yaml)) return `is required (${expected})`;
      return `must be ${expected}${isUnquoted(issue, yaml) ? '; put it in quotes' : ''}`;
    }
    case 'too_big':
      if (isNumber(issue.origin)) return `must be at most ${issue.maximum}`;
      return `must have at most ${issue.maximum} ${UNITS[issue.origin] ?? 'units'}`;
    case 'too_small':
      if (isNumber(issue.origin)) return `must be at least ${issue.minimum}`;
      return issue.minimum === 1
        ? 'must not be empty'
        : `must have at least ${issue.minimum} ${UNITS[issue.origin] ?? 'units'}`;
    default:
      return issue.message;
  }
}

function isUnquoted(issue: z.core.$ZodIssue, yaml: ParsedYaml): boolean {
  if (issue.code !== 'invalid_type' || issue.expected !== 'string') return false;
  const node = yaml.nodeAt(issue.path);
  return isScalar(node) && node.value !== null;
}

function isNumber(origin: string): boolean {
  return origin === 'number' || origin === 'int';
}

const TYPES: Record<string, string> = {
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  string: 'a string',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

const UNITS: Record<string, string> = { string: 'characters', array: 'entries' };

function plain(message: string): string {
  return message.startsWith('must') ? message : 'is not a valid name';
}

function isMissing(path: readonly PropertyKey[], yaml: ParsedYaml): boolean {
  return yaml.nodeAt(path) === undefined && isMap(yaml.nodeAt(path.slice(0, -1)));
}

/** Where the value stands, or, where it is missing, the record that lacks it. */
function offsetOf(path: readonly PropertyKey[], yaml: ParsedYaml): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = yaml.nodeAt(path.slice(0, length));
    if (node !== undefined) return start(node);
  }
  return 0;
}

function prefix(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `${render(path)}: `;
}

/** @returns `rules[2].when` */
export function render(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the policy';
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}
