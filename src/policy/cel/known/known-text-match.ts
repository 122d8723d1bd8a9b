import type { ASTNode } from '../library.ts';
import { type Known, LONG, literalText } from './known.ts';
import { knownText } from './known-text.ts';

/** `request.path.startsWith("/tasks/")` and its like. */
export function knownTextMatch(
  method: string,
  receiver: ASTNode,
  parameters: readonly ASTNode[],
): Known<boolean> | null {
  const argument = literalText(parameters[0]);
  const text = knownText(receiver);
  if (argument === null || parameters.length > 1 || text === null) return null;
  const test = compileTest(method, argument);
  if (test === null) return null;
  return (variables) => {
    const value = text(variables);
    return value === undefined ? undefined : test(value);
  };
}

function compileTest(
  method: string,
  argument: string,
): ((text: string) => boolean | undefined) | null {
  switch (method) {
    case 'startsWith':
      return (text) => text.startsWith(argument);
    case 'endsWith':
      return (text) => text.endsWith(argument);
    case 'contains':
      // Unlike the others it takes time with the text, not with what the policy says.
      return (text) => (text.length > LONG ? undefined : text.includes(argument));
    case 'matches': {
      const prefix = prefixOf(argument);
      if (prefix === '') return null;
      return (text) => (text.startsWith(prefix) ? undefined : false);
    }
    default:
      return null;
  }
}

/** What every text starts with that an anchored pattern matches, as far as that can be seen without parsing it. */
function prefixOf(pattern: string): string {
  if (pattern.includes('|')) return '';
  const [, prefix = ''] = /^\^([\w/-]+)(?![*?{])/.exec(pattern) ?? [];
  return prefix;
}
