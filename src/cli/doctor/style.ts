import type { Environment } from '../../core/google/environment.ts';
import type { Severity } from './finding.ts';

/** How a report looks: words for files and pipes, signs for people, in color unless they do not want it. */
export interface Style {
  mark(severity: Severity): string;
  /** Names and headings. */
  strong(text: string): string;
  /** What is beside the point. */
  faint(text: string): string;
}

const WORDS: Record<Severity, string> = {
  error: 'error',
  warning: 'warning',
  info: 'info',
  ok: 'ok',
};
const SIGNS: Record<Severity, string> = { error: '✗', warning: '!', info: 'i', ok: '✓' };
/** SGR codes: red, yellow, blue, green. */
const COLORS: Record<Severity, number> = { error: 31, warning: 33, info: 34, ok: 32 };
const [BOLD, FAINT] = [1, 2];

/** @see https://no-color.org */
export function styleOf(isTerminal: boolean | undefined, environment: Environment): Style {
  const plain = (text: string) => text;
  if (!isTerminal)
    return { mark: (severity) => `${WORDS[severity]}:`, strong: plain, faint: plain };
  if ((environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb') {
    return { mark: (severity) => SIGNS[severity], strong: plain, faint: plain };
  }
  const colored = (code: number, text: string) => `\x1b[${code}m${text}\x1b[0m`;
  return {
    mark: (severity) => colored(COLORS[severity], SIGNS[severity]),
    strong: (text) => colored(BOLD, text),
    faint: (text) => colored(FAINT, text),
  };
}
