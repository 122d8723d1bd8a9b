import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';

/**
 * Finds a claim by its literal name (`groups`, `https://example.com/roles`) or, when the name starts with `/`,
 * by JSON Pointer (RFC 6901: `/realm_access/roles`).
 *
 * @returns the claim's value, or undefined where the token does not carry it
 */
export function readClaim(claims: JsonObject, name: string): JsonValue | undefined {
  if (!name.startsWith('/')) return ownMember(claims, name);
  let value: JsonValue | undefined = claims;
  for (const token of pointerTokens(name)) {
    value = step(value, token);
    if (value === undefined) return undefined;
  }
  return value;
}

/** The claim that a name is, or that a pointer leads into. */
export function claimOf(name: string): string {
  return name.startsWith('/') ? (pointerTokens(name)[0] ?? '') : name;
}

function pointerTokens(pointer: string): string[] {
  const tokens = pointer.slice(1).split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function step(value: JsonValue, token: string): JsonValue | undefined {
  if (Array.isArray(value))
    return /^(0|[1-9]\d{0,8})$/.test(token) ? value[Number(token)] : undefined;
  return isJsonObject(value) ? ownMember(value, token) : undefined;
}

/**
 * A claim that lists strings: an array of them, or one string alone.
 *
 * @returns an empty list where the claim is absent, null or an empty string; undefined where it holds anything but
 *   non-empty strings: reading that as less could admit someone whom a rule means to refuse, and every text contains ""
 */
export function readStringListClaim(claims: JsonObject, name: string): string[] | undefined {
  const value = readClaim(claims, name) ?? '';
  if (value === '') return [];
  const elements = Array.isArray(value) ? value : [value];
  const strings = elements.filter(isNonEmptyString);
  return strings.length === elements.length ? strings : undefined;
}

function isNonEmptyString(value: JsonValue): value is string {
  return typeof value === 'string' && value !== '';
}
