import type { ASTNode } from '../library.ts';
import type { McpValue, RequestValue } from '../variables.ts';
import { claim, type Known, literalText, selectedPath } from './known.ts';
import { knownDay } from './known-time.ts';

/** A text that a condition reads: a literal, or a variable that is a string for this request. */
export function knownText(node: ASTNode): Known<string> | null {
  const literal = literalText(node);
  if (literal !== null) return () => literal;
  const path = selectedPath(node);
  if (path === null) return knownDay(node);
  const [record, field, name, ...more] = path;
  if (field !== undefined && name !== undefined) {
    return more.length === 0 ? knownMember(`${record}.${field}`, name) : null;
  }
  if (record === 'labels' && field !== undefined) return ({ labels }) => labels.get(field);
  return VARIABLES.get(path.join('.')) ?? null;
}

const VARIABLES: ReadonlyMap<string, Known<string>> = new Map<string, Known<string>>([
  ['route', ({ route }) => route],
  ['service', ({ service }) => service],
  ['request.method', ({ request }) => request.method],
  ['request.path', ({ request }) => request.path],
  ['request.host', ({ request }) => request.host],
  ['request.client_ip', ({ request }) => request.client_ip],
  ['identity.subject', ({ identity }) => identity.subject],
  ['identity.issuer', ({ identity }) => identity.issuer],
  ['identity.email', ({ identity }) => identity.email],
]);

function knownMember(record: string, name: string): Known<string> | null {
  switch (record) {
    case 'request.headers':
      return ({ request }) => request.headers?.get(name);
    case 'request.mcp':
      return name === 'tool' || name === 'method' ? ({ request }) => callOf(request)?.[name] : null;
    case 'identity.claims':
      return (variables) => {
        const value = claim(variables, name);
        return typeof value === 'string' ? value : undefined;
      };
    case 'identity.actor':
      return name === 'subject' ? ({ identity }) => identity.actor?.subject : null;
    default:
      return null;
  }
}

/** What is wrong with the body matters where a condition is evaluated that reads it, not yet. */
function callOf(request: RequestValue): McpValue | undefined {
  try {
    return request.mcp;
  } catch {
    request.forgetProblem();
    return undefined;
  }
}
