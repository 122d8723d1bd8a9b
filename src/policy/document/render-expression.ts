const MARGIN = '    ';
const MAX_WIDTH = 100;

/** Shows the line of an expression that a problem is in, and a caret under the problem. */
export function renderExpression(text: string, offset: number): string {
  const lineStart = text.slice(0, offset).lastIndexOf('\n') + 1;
  const newLine = text.indexOf('\n', lineStart);
  const line = text.slice(lineStart, newLine === -1 ? undefined : newLine);
  const column = Math.min(offset - lineStart, line.length);
  const from = line.length <= MAX_WIDTH ? 0 : Math.max(0, column - MAX_WIDTH / 2);
  // Tabs would put the caret elsewhere, and a control character could play tricks on a terminal.
  const shown = line.slice(from, from + MAX_WIDTH).replace(/\p{Cc}/gu, ' ');
  return `${MARGIN}${shown}\n${MARGIN}${' '.repeat(column - from)}^`;
}
