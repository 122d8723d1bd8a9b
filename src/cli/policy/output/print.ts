/** Writes a command's result to standard output, which holds nothing else. */
export function print(text: string): void {
  process.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Exit code 1: it did not work, or problems were found. Standard output is written in full before the process ends. */
export function fail(): void {
  process.exitCode = 1;
}
