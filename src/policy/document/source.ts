import { LineCounter } from 'yaml';

/** A policy's text under the name that messages show. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Line starts, for positions. */
  readonly lines: LineCounter;
}

/** Something wrong at a place in the text. */
export interface Problem {
  offset: number;
  message: string;
  /** What is costly to say. Asked for only where the problem is shown, and put after the message. */
  hint?: (() => string) | undefined;
}

const MAX_SHOWN = 50;

/** Where looking for problems stops: a policy inside all limits can hold a hundred thousand. */
export const ENOUGH_PROBLEMS = 200;

export function createSource(file: string, text: string): Source {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    lines.addNewLine(at + 1);
  }
  return { file, text, lines };
}

/** @returns `policy.yaml:12:9`, line and column counted from 1 */
export function locate(source: Source, offset: number): string {
  const { line, col } = source.lines.linePos(offset);
  return `${source.file}:${line}:${col}`;
}

/** @returns each problem as `policy.yaml:12:9: message`, in the order of the text; beyond the first, their number */
export function renderProblems(source: Source, problems: readonly Problem[]): string[] {
  const sorted = [...problems].sort((a, b) => a.offset - b.offset);
  const shown = sorted
    .slice(0, MAX_SHOWN)
    .map(({ offset, message, hint }) => `${locate(source, offset)}: ${message}${hint?.() ?? ''}`);
  const more = sorted.length - shown.length;
  if (more === 0) return shown;
  const atLeast = sorted.length < ENOUGH_PROBLEMS ? '' : 'at least ';
  return [...shown, `${source.file}: ${atLeast}${more} more problems`];
}
