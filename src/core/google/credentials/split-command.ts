/**
 * Splits a command line at spaces that are not between double quotes, as Google's libraries do. Quotes around a whole
 * word are taken off, others stay; nothing is escaped and no shell is involved.
 *
 * @returns the program and its arguments; undefined where there is none, or a quote has no partner
 */
export function splitCommand(command: string): readonly [string, ...string[]] | undefined {
  if ((command.split('"').length - 1) % 2 !== 0) return undefined;
  const [program, ...rest] = (command.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map(unquote);
  return program === undefined ? undefined : [program, ...rest];
}

function unquote(word: string): string {
  return word.length >= 2 && word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1) : word;
}
