export interface TransitiveGroupsQuery {
  member: string;
  label: string;
  /** of `parent == 'customers/{customer}'` */
  customer: string | null;
}

type Token = { kind: 'name' | 'operator' | 'text'; text: string };

const ESCAPES: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  "'": "'",
  '"': '"',
  '\\': '\\',
};

/**
 * Reads the `query` of searchTransitiveGroups: `member_key_id == '…' && '…' in labels`, and perhaps
 * `&& parent == 'customers/…'`, in any order. Namespaces are not offered.
 *
 * @returns undefined for anything else, so that a text which ends where it should not is an error here
 * @see https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/searchTransitiveGroups
 */
export function parseTransitiveGroupsQuery(query: string): TransitiveGroupsQuery | undefined {
  const tokens = tokenize(query);
  if (tokens === undefined) return undefined;
  const found = new Map<string, string>();
  for (let at = 0; at < tokens.length; at += 4) {
    const [left, operator, right, and] = tokens.slice(at, at + 4);
    const term = readTerm(left, operator, right);
    if (term === undefined || found.has(term.name)) return undefined;
    found.set(term.name, term.text);
    if (and !== undefined && and.text !== '&&') return undefined;
    if (and !== undefined && at + 4 === tokens.length) return undefined;
  }
  const member = found.get('member_key_id');
  const label = found.get('labels');
  const parent = found.get('parent');
  if (member === undefined || label === undefined) return undefined;
  if (parent === undefined) return { member, label, customer: null };
  const customer = /^customers\/(C[0-9a-z]+)$/i.exec(parent)?.[1];
  return customer === undefined ? undefined : { member, label, customer };
}

function readTerm(
  left: Token | undefined,
  operator: Token | undefined,
  right: Token | undefined,
): { name: string; text: string } | undefined {
  if (left === undefined || operator === undefined || right === undefined) return undefined;
  if (left.kind === 'text' && operator.text === 'in' && right.kind === 'name') {
    return right.text === 'labels' ? { name: 'labels', text: left.text } : undefined;
  }
  const isKnown = left.text === 'member_key_id' || left.text === 'parent';
  if (left.kind !== 'name' || !isKnown || operator.text !== '==') return undefined;
  return right.kind === 'text' ? { name: left.text, text: right.text } : undefined;
}

function tokenize(query: string): Token[] | undefined {
  const pattern =
    /\s*(?:('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(==|&&|in\b)|([A-Za-z_]\w*))\s*/y;
  const tokens: Token[] = [];
  while (pattern.lastIndex < query.length) {
    const match = pattern.exec(query);
    if (match === null) return undefined;
    const [, quoted, operator, name] = match;
    if (quoted !== undefined) {
      const text = unescapeText(quoted.slice(1, -1));
      if (text === undefined) return undefined;
      tokens.push({ kind: 'text', text });
    } else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else tokens.push({ kind: 'name', text: name ?? '' });
  }
  return tokens.length === 0 ? undefined : tokens;
}

function unescapeText(text: string): string | undefined {
  let known = true;
  const plain = text.replace(/\\(.)/gs, (_, escaped: string) => {
    const character = ESCAPES[escaped];
    known &&= character !== undefined;
    return character ?? '';
  });
  return known ? plain : undefined;
}
