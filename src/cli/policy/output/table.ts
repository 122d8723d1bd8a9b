import { shorten } from '../../../policy/cel/format-value.ts';

/** Lays cells out in columns, two spaces apart. Texts that come from a request cannot move the terminal's cursor. */
export function table(rows: readonly (readonly string[])[], indent = ''): string {
  const shown = rows.map((row) => row.map(shorten));
  const widths: number[] = [];
  for (const row of shown) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return shown
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${indent}${line.trimEnd()}\n`)
    .join('');
}

/** `1 rule`, `2 rules`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
