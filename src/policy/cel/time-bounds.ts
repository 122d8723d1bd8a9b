import { Malfunction } from '../../core/malfunction.ts';
import { parseTimestamp } from '../time/timestamp.ts';
import { parseWeeklyHours } from '../time/weekly-hours.ts';
import { children } from './children.ts';
import { type ASTNode, parseExpression } from './library.ts';

/** An expression in which one bound of time has moved by an hour. */
export interface ShiftedBound {
  /** The whole expression. */
  readonly text: string;
  /** What has changed: `09:00 → 10:00`. */
  readonly change: string;
  /** Where in the original expression the literal begins. */
  readonly offset: number;
}

/**
 * Moves each bound of time in an expression by an hour, forth and back, one at a time: the hours of `within`, the number
 * that `hour` is compared with, and timestamps.
 *
 * @param text a condition that `compileExpression` takes
 */
export function shiftTimeBounds(text: string): ShiftedBound[] {
  const parsed = parseExpression(text);
  if ('message' in parsed) throw new Malfunction('an expression that does not parse was changed');
  return literals(parsed.ast).flatMap(({ node, shifts }) =>
    shifts.map(({ change, literal }) => ({
      text: text.slice(0, node.start) + literal + text.slice(node.end),
      change,
      offset: node.start,
    })),
  );
}

interface Shift {
  readonly change: string;
  readonly literal: string;
}

interface ShiftedLiteral {
  readonly node: ASTNode;
  readonly shifts: readonly Shift[];
}

function literals(node: ASTNode): ShiftedLiteral[] {
  return [...bounds(node), ...children(node).flatMap(literals)];
}

function bounds(node: ASTNode): ShiftedLiteral[] {
  if (node.op === 'rcall' && node.args[0] === 'within') {
    return shifted(node.args[2][0], shiftHours);
  }
  if (node.op === 'call' && node.args[0] === 'timestamp') {
    return shifted(node.args[1][0], shiftTimestamp);
  }
  if (!COMPARISONS.has(node.op)) return [];
  const [left, right] = children(node);
  if (isHour(left)) return shifted(right, shiftNumber);
  return isHour(right) ? shifted(left, shiftNumber) : [];
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);

function isHour(node: ASTNode | undefined): boolean {
  return node?.op === 'rcall' && (node.args[0] === 'hour' || node.args[0] === 'getHours');
}

function shifted(node: ASTNode | undefined, shift: (value: unknown) => Shift[]): ShiftedLiteral[] {
  return node?.op === 'value' ? [{ node, shifts: shift(node.args) }] : [];
}

const HOUR_MS = 3_600_000;

/** `Mon-Fri 09:00-17:00`: a window stays one that could be meant. */
function shiftHours(value: unknown): Shift[] {
  if (typeof value !== 'string') return [];
  return [...value.matchAll(/\d{2}:\d{2}/g)].flatMap(({ 0: time, index }) =>
    [1, -1].flatMap((hours) => {
      const moved = `${String(Number(time.slice(0, 2)) + hours).padStart(2, '0')}${time.slice(2)}`;
      const text = value.slice(0, index) + moved + value.slice(index + time.length);
      if ('problem' in parseWeeklyHours(text)) return [];
      return [{ change: `${time} → ${moved}`, literal: JSON.stringify(text) }];
    }),
  );
}

function shiftNumber(value: unknown): Shift[] {
  if (typeof value !== 'bigint') return [];
  return [1n, -1n].map((hours) => {
    const moved = value + hours;
    return { change: `${value} → ${moved}`, literal: moved < 0n ? `(${moved})` : `${moved}` };
  });
}

function shiftTimestamp(value: unknown): Shift[] {
  const instant = typeof value === 'string' ? parseTimestamp(value) : null;
  if (instant === null) return [];
  return [HOUR_MS, -HOUR_MS].map((ms) => {
    const moved = new Date(instant + ms).toISOString();
    return { change: `${value} → ${moved}`, literal: JSON.stringify(moved) };
  });
}
