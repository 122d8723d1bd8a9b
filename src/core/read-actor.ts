import type { Actor, Party } from './identity.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from './json.ts';

/**
 * Reads who acts for the subject from the `act` claim, and who acted before (RFC 8693 §4.1).
 *
 * @returns null where the token was not delegated; undefined where the claim is malformed anywhere in its chain
 */
export function readActor(claims: JsonObject): Actor | null | undefined {
  const chain: Party[] = [];
  for (let act = ownMember(claims, 'act'); act !== undefined; ) {
    const party = readParty(act);
    if (party === undefined) return undefined;
    chain.push(party);
    act = isJsonObject(act) ? ownMember(act, 'act') : undefined;
  }
  const [current, ...prior] = chain;
  return current === undefined ? null : { ...current, prior };
}

function readParty(act: JsonValue): Party | undefined {
  if (!isJsonObject(act)) return undefined;
  const subject = ownMember(act, 'sub');
  const issuer = ownMember(act, 'iss') ?? null;
  if (typeof subject !== 'string' || subject === '') return undefined;
  if (issuer === '' || (issuer !== null && typeof issuer !== 'string')) return undefined;
  return { subject, issuer };
}
