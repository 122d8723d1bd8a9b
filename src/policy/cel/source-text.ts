import type { ASTNode } from './library.ts';

/**
 * A sub-expression as the policy has it, white space folded. The parser leaves parentheses out of its ranges, so that
 * those which the text needs to be whole are taken back in.
 */
export function sourceText({ input, start, end }: ASTNode): string {
  const { missing, open } = countParentheses(input.slice(start, end));
  const from = reach(input, start - 1, -1, '(', missing);
  const to = reach(input, end, 1, ')', open);
  return input.slice(from, to).replace(/\s+/g, ' ').trim();
}

/** Takes in a number of parentheses that follow, in one direction, with nothing but white space between. */
function reach(input: string, from: number, step: 1 | -1, wanted: string, count: number): number {
  let edge = step === 1 ? from : from + 1;
  let left = count;
  for (let at = from; left > 0 && at >= 0 && at < input.length; at += step) {
    const character = input[at] ?? '';
    if (character === wanted) {
      left -= 1;
      edge = step === 1 ? at + 1 : at;
    } else if (!/\s/.test(character)) break;
  }
  return edge;
}

/** @returns how many parentheses close without having been opened, and how many stay open; those in strings are text */
function countParentheses(text: string): { missing: number; open: number } {
  let open = 0;
  let missing = 0;
  for (const token of text.match(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[()]/gs) ?? []) {
    if (token === '(') open += 1;
    if (token !== ')') continue;
    if (open > 0) open -= 1;
    else missing += 1;
  }
  return { missing, open };
}
