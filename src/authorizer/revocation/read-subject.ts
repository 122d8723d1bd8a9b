import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import type { ClaimMatch, MatchedClaim, Revocation } from './revocation.ts';

/** Tokens that a subject stands for, whenever they were issued. */
export type SubjectMatch = Pick<Revocation, 'issuer' | 'match'>;

export type SubjectReading =
  | { outcome: 'subject'; matches: readonly SubjectMatch[] }
  | { outcome: 'malformed' }
  | { outcome: 'foreign_issuer' };

type Identified = { issuer: string; claim: ClaimMatch };
type Problem = 'malformed' | 'foreign_issuer';

/** What an identifier names. Alone it may be either; in a complex subject the member's name says it. */
type Role = 'subject' | 'user' | 'session';

const MAX_VALUE_LENGTH = 1024;
const MAX_ALIASES = 20;

/** An `opaque` id is whatever the transmitter calls the subject: the examples of CAEP 1.0 §3.1 name a session by it. */
const OPAQUE_CLAIMS: { readonly [R in Role]: readonly MatchedClaim[] } = {
  subject: ['sub', 'sid', 'jti'],
  user: ['sub'],
  session: ['sid'],
};

/**
 * Finds the tokens that a subject stands for: a Subject Identifier (RFC 9493), a JWT ID or a complex subject (SSF 1.0
 * §3.3, §3.5). What no claim of a token can be compared with (a device, a telephone number) is left out, also where the
 * transmitter calls it critical (SSF 1.0 §3.6): refusing more tokens than were meant is the safe side.
 *
 * @param issuers those whose tokens the transmitter may revoke; identifiers that name no issuer count for each of them
 * @returns no match where nothing in the subject can be compared
 */
export function readSubject(subject: JsonValue, issuers: readonly string[]): SubjectReading {
  if (!isJsonObject(subject)) return { outcome: 'malformed' };
  if (!isComplex(subject)) {
    const identified = readIdentifier(subject, 'subject', issuers);
    if (typeof identified === 'string') return { outcome: identified };
    return { outcome: 'subject', matches: identified.map(alone) };
  }
  const users = readMember(subject, 'user', issuers);
  const sessions = readMember(subject, 'session', issuers);
  if (typeof users === 'string') return { outcome: users };
  if (typeof sessions === 'string') return { outcome: sessions };
  const matches = issuers.flatMap((issuer) =>
    narrowed(
      users.filter((one) => one.issuer === issuer),
      sessions.filter((one) => one.issuer === issuer),
    ),
  );
  return { outcome: 'subject', matches };
}

/** Drafts before SSF 1.0 had complex subjects without a `format`, and transmitters that go by them are about. */
function isComplex(subject: JsonObject): boolean {
  const format = ownMember(subject, 'format');
  if (format !== undefined) return format === 'complex';
  return isJsonObject(ownMember(subject, 'user')) || isJsonObject(ownMember(subject, 'session'));
}

function readMember(
  subject: JsonObject,
  role: 'user' | 'session',
  issuers: readonly string[],
): Identified[] | Problem {
  const identifier = ownMember(subject, role);
  return identifier === undefined ? [] : readIdentifier(identifier, role, issuers);
}

/** User and session of one issuer narrow each other; where only one of them is known it stands alone. */
function narrowed(users: readonly Identified[], sessions: readonly Identified[]): SubjectMatch[] {
  if (users.length === 0 || sessions.length === 0) return [...users, ...sessions].map(alone);
  return users.flatMap(({ issuer, claim }) =>
    sessions.map((session): SubjectMatch => ({ issuer, match: [claim, session.claim] })),
  );
}

function alone({ issuer, claim }: Identified): SubjectMatch {
  return { issuer, match: [claim] };
}

function readIdentifier(
  identifier: JsonValue,
  role: Role,
  issuers: readonly string[],
): Identified[] | Problem {
  if (!isJsonObject(identifier)) return 'malformed';
  switch (ownMember(identifier, 'format')) {
    case 'iss_sub':
      return ofIssuer(identifier, role === 'session' ? 'sid' : 'sub', 'sub', issuers);
    case 'jwt_id':
      return role === 'user' ? [] : ofIssuer(identifier, 'jti', 'jti', issuers);
    case 'opaque': {
      const id = readText(identifier, 'id');
      return id === null ? 'malformed' : ofAll(issuers, OPAQUE_CLAIMS[role], id);
    }
    case 'email': {
      const email = readText(identifier, 'email');
      if (email === null) return 'malformed';
      return role === 'session' ? [] : ofAll(issuers, ['email'], email);
    }
    case 'account':
      return role === 'session' ? [] : readAccount(identifier, issuers);
    case 'aliases':
      return readAliases(identifier, role, issuers);
    case undefined:
      return 'malformed';
    default:
      return [];
  }
}

function ofIssuer(
  identifier: JsonObject,
  claim: MatchedClaim,
  member: 'sub' | 'jti',
  issuers: readonly string[],
): Identified[] | Problem {
  const issuer = readText(identifier, 'iss');
  const value = readText(identifier, member);
  if (issuer === null || value === null) return 'malformed';
  return issuers.includes(issuer) ? [{ issuer, claim: { claim, value } }] : 'foreign_issuer';
}

function ofAll(
  issuers: readonly string[],
  claims: readonly MatchedClaim[],
  value: string,
): Identified[] {
  return issuers.flatMap((issuer) => claims.map((claim) => ({ issuer, claim: { claim, value } })));
}

/** RFC 9493 §3.2.1: an `acct` URI (RFC 7565), which is the address or the very `sub`, as the issuer likes. */
function readAccount(identifier: JsonObject, issuers: readonly string[]): Identified[] | Problem {
  const uri = readText(identifier, 'uri');
  const account = uri === null ? null : /^acct:([^@]+)@([^@]+)$/i.exec(uri);
  if (uri === null || account === null) return 'malformed';
  const [, user = '', host = ''] = account;
  try {
    const email = `${decodeURIComponent(user)}@${host}`;
    return [...ofAll(issuers, ['email'], email), ...ofAll(issuers, ['sub'], uri)];
  } catch {
    return 'malformed';
  }
}

/** RFC 9493 §3.2.8: several identifiers of one subject, none of which is itself a list of them. */
function readAliases(
  identifier: JsonObject,
  role: Role,
  issuers: readonly string[],
): Identified[] | Problem {
  const aliases = ownMember(identifier, 'identifiers');
  if (!Array.isArray(aliases) || aliases.length === 0 || aliases.length > MAX_ALIASES) {
    return 'malformed';
  }
  const identified: Identified[] = [];
  for (const alias of aliases) {
    if (isJsonObject(alias) && ownMember(alias, 'format') === 'aliases') return 'malformed';
    const found = readIdentifier(alias, role, issuers);
    if (typeof found === 'string') return found;
    identified.push(...found);
  }
  return identified;
}

function readText(identifier: JsonObject, member: string): string | null {
  const value = ownMember(identifier, member);
  if (typeof value !== 'string' || value === '') return null;
  return value.length <= MAX_VALUE_LENGTH ? value : null;
}
