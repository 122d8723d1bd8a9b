/** A fault in kong.yml and where it is, both counted from 1. */
export interface ConfigProblem {
  line: number;
  column: number;
  message: string;
}

/** All that is wrong with a configuration; the message has one `file:line:column: text` a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: ConfigProblem[];

  constructor(fileName: string, problems: ConfigProblem[]) {
    const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted.map(
      ({ line, column, message }) => `${fileName}:${line}:${column}: ${message}`,
    );
    super([...new Set(lines)].join('\n'));
    this.problems = sorted;
  }
}
