import { suggest } from '../suggest.ts';
import { parseTimestamp } from '../time/timestamp.ts';
import { parseWeeklyHours } from '../time/weekly-hours.ts';
import { isZone } from '../time/zone.ts';
import type { ASTNode, ExpressionProblem } from './library.ts';
import { compilePattern } from './regular-expression.ts';

/** Names that `has_role` may ask for; null inside a role, which may not ask for roles. */
export type RoleNames = ReadonlySet<string> | null;

/**
 * Functions and methods that policies may call. Of the library's own, `cel.bind` is left out because it can double a
 * value at every level, and conversions of bytes because nothing in a request is bytes.
 */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'double',
  'duration',
  'dyn',
  'has',
  'has_role',
  'int',
  'matches',
  'size',
  'string',
  'timestamp',
  'type',
]);

const UTC_GETTERS = [
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getFullYear',
  'getHours',
  'getMilliseconds',
  'getMinutes',
  'getMonth',
  'getSeconds',
];

export const METHOD_NAMES: ReadonlySet<string> = new Set([
  'all',
  'contains',
  'date',
  'endsWith',
  'exists',
  'exists_one',
  'filter',
  'hour',
  'indexOf',
  'join',
  'lastIndexOf',
  'lowerAscii',
  'map',
  'matches',
  'size',
  'split',
  'startsWith',
  'substring',
  'trim',
  'upperAscii',
  'weekday',
  'within',
  ...UTC_GETTERS,
]);

/** Checks what a call says by literals: a bad pattern, zone or role name is found when the policy loads. */
export function checkCall(node: ASTNode, roles: RoleNames): ExpressionProblem | null {
  if (node.op === 'call') return checkFunction(node.args[0], node.args[1], node, roles);
  if (node.op === 'rcall') return checkMethod(node.args[0], node.args[2], node);
  return null;
}

function checkFunction(
  name: string,
  [first, second]: readonly ASTNode[],
  node: ASTNode,
  roles: RoleNames,
): ExpressionProblem | null {
  switch (name) {
    case 'has_role':
      if (roles === null) return problem(node, 'a role cannot depend on roles');
      return literal(
        first,
        (role) => (roles.has(role) ? null : `there is no role "${role}"`),
        (role) => suggest(role, roles),
      );
    case 'matches':
      return literal(second, checkPattern);
    case 'timestamp':
      return literal(first, (text) =>
        parseTimestamp(text) === null
          ? `"${text}" is not an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z`
          : null,
      );
    case 'duration':
      return literal(first, (text) =>
        /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)
          ? null
          : `"${text}" is not a duration, such as 1h30m`,
      );
    default:
      return null;
  }
}

function checkMethod(
  name: string,
  parameters: readonly ASTNode[],
  node: ASTNode,
): ExpressionProblem | null {
  const [first, second] = parameters;
  switch (name) {
    case 'matches':
      return literal(first, checkPattern);
    case 'within':
      return literal(first, checkHours) ?? checkZone(second);
    case 'date':
    case 'hour':
    case 'weekday':
      return checkZone(first);
    case 'split':
      return parameters.length > 1 ? problem(node, 'split takes a separator only') : null;
    default:
      return UTC_GETTERS.includes(name) && parameters.length > 0
        ? problem(
            node,
            `${name} is in UTC and takes no zone; there are date(zone), hour(zone), weekday(zone)`,
          )
        : null;
  }
}

function checkPattern(pattern: string): string | null {
  const compiled = compilePattern(pattern);
  return 'problem' in compiled ? compiled.problem : null;
}

function checkHours(text: string): string | null {
  const hours = parseWeeklyHours(text);
  return 'problem' in hours ? hours.problem : null;
}

function checkZone(node: ASTNode | undefined): ExpressionProblem | null {
  return literal(
    node,
    (zone) => (isZone(zone) ? null : `unknown time zone "${zone}"`),
    (zone) => suggest(zone, Intl.supportedValuesOf('timeZone')),
  );
}

function literal(
  node: ASTNode | undefined,
  check: (text: string) => string | null,
  hint?: (text: string) => string,
): ExpressionProblem | null {
  if (node?.op !== 'value' || typeof node.args !== 'string') return null;
  const text = node.args;
  const message = check(text);
  return message === null ? null : { ...problem(node, message), hint: () => hint?.(text) ?? '' };
}

function problem(node: ASTNode, message: string): ExpressionProblem {
  return { message, offset: node.pos };
}
