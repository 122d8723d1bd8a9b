export type Severity = 'error' | 'warning' | 'info';

/** Something to say about a policy file. */
export interface Finding {
  readonly severity: Severity;
  readonly file: string;
  /** Counted from 1; null where it concerns the file as a whole. */
  readonly line: number | null;
  readonly column: number | null;
  /** Of an error, with the expression and a caret on the lines below. */
  readonly message: string;
}

/** @param location `policy.yaml:12:5` */
export function findingAt(
  file: string,
  location: string,
  severity: Severity,
  message: string,
): Finding {
  const [, line, column] = /^:(\d+):(\d+)$/.exec(location.slice(file.length)) ?? [];
  return { severity, file, line: toNumber(line), column: toNumber(column), message };
}

/** @param problem `policy.yaml:12:9: message`, as ConfigError has it */
export function findingOf(file: string, problem: string): Finding {
  const text = problem.startsWith(file) ? problem.slice(file.length) : `: ${problem}`;
  const [, place, line, column] = /^((?::(\d+):(\d+))?: )/.exec(text) ?? [];
  const message = text.slice(place?.length ?? 0);
  return { severity: 'error', file, line: toNumber(line), column: toNumber(column), message };
}

function toNumber(digits: string | undefined): number | null {
  return digits === undefined ? null : Number(digits);
}

/** `policy.yaml:12:9: warning: message`; an error goes without the word, as everywhere else. */
export function renderFinding({ severity, file, line, column, message }: Finding): string {
  const place = line === null ? file : `${file}:${line}:${column}`;
  return `${place}: ${severity === 'error' ? '' : `${severity}: `}${message}`;
}
