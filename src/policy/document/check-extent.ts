import { CST, Lexer } from 'yaml';
import { LIMITS } from '../limits.ts';
import type { Problem } from './source.ts';

/** Deeper than the limit on collections, because keys and values of one level stand in columns of their own. */
const MAX_COLUMNS = 3 * LIMITS.yaml_depth;

/** What the lexer marks beside the text itself. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]);

/**
 * Refuses a text that would cost the YAML parser too much time or stack. It must come before parsing: the parser is
 * recursive, and in some builds of V8 a nearly full stack ends the process instead of throwing.
 */
export function checkExtent(text: string): Problem | null {
  if (Buffer.byteLength(text) > LIMITS.file_bytes) {
    return { offset: 0, message: `a policy has at most ${LIMITS.file_bytes} bytes` };
  }
  let offset = 0;
  let lineStart = 0;
  let tokens = 0;
  let flowDepth = 0;
  const columns: number[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    if (MARKS.has(lexeme)) continue;
    tokens += 1;
    if (tokens > LIMITS.yaml_tokens) {
      return { offset, message: `a policy has at most ${LIMITS.yaml_tokens} YAML tokens` };
    }
    if (lexeme === '[' || lexeme === '{') flowDepth += 1;
    if (lexeme === ']' || lexeme === '}') flowDepth -= 1;
    if (flowDepth === 0 && /^[^\s#]/.test(lexeme)) indent(columns, offset - lineStart);
    if (flowDepth > LIMITS.yaml_depth || columns.length > MAX_COLUMNS) {
      return { offset, message: `nested deeper than ${LIMITS.yaml_depth} levels` };
    }
    const newLine = lexeme.lastIndexOf('\n');
    if (newLine !== -1) lineStart = offset + newLine + 1;
    offset += lexeme.length;
  }
  return null;
}

/** Keeps the columns in which the collections around a token began. */
function indent(columns: number[], column: number): void {
  while ((columns.at(-1) ?? -1) > column) columns.pop();
  if ((columns.at(-1) ?? -1) < column) columns.push(column);
}
