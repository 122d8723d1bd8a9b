import type { Identity } from '../../core/identity.ts';
import { isJsonObject, type JsonObject, ownMember } from '../../core/json.ts';
import { readActor } from '../../core/read-actor.ts';
import { claimOf, readStringListClaim } from '../../core/read-claim.ts';
import type { InvalidTokenReason } from '../token/invalid-token.ts';

export type IdentityReading =
  | { outcome: 'identity'; identity: Identity }
  | { outcome: 'invalid'; reason: InvalidTokenReason };

/**
 * Reads who is asking from the claims of a verified token.
 *
 * @param groups_claim a claim's name, or a JSON Pointer to it
 * @param require_email_verified whether an address counts only where the token says that it is verified
 * @returns `invalid` where a claim that rules decide by is malformed: reading it as absent could admit the request
 */
export function readIdentity(
  claims: JsonObject,
  issuer: string,
  groups_claim: string,
  require_email_verified = false,
): IdentityReading {
  const subject = ownMember(claims, 'sub');
  if (typeof subject !== 'string') return { outcome: 'invalid', reason: 'no_subject' };
  const email = readEmail(claims, require_email_verified);
  const scopes = readScopes(claims);
  if (email === undefined || scopes === undefined) {
    return { outcome: 'invalid', reason: 'malformed_claim' };
  }
  const actor = readActor(claims);
  if (actor === undefined) return { outcome: 'invalid', reason: 'malformed_actor' };
  if (isElsewhere(claims, groups_claim)) return { outcome: 'invalid', reason: 'groups_elsewhere' };
  const groups = readStringListClaim(claims, groups_claim);
  if (groups === undefined) return { outcome: 'invalid', reason: 'malformed_claim' };
  return {
    outcome: 'identity',
    identity: { subject, issuer, email, groups, scopes, actor, claims },
  };
}

/**
 * OpenID Connect Core §5.6.2: the issuer has left a claim out and says where to ask for it, as Entra does from 200 groups
 * on. Taking that for no groups could admit someone whom a rule means to refuse.
 */
function isElsewhere(claims: JsonObject, name: string): boolean {
  const names = ownMember(claims, '_claim_names');
  return isJsonObject(names) && Object.hasOwn(names, claimOf(name));
}

/** OpenID Connect Core §5.1: an address that the issuer has not verified is merely what someone typed. */
function readEmail(claims: JsonObject, require_email_verified: boolean): string | null | undefined {
  const email = ownMember(claims, 'email') ?? null;
  if (email !== null && typeof email !== 'string') return undefined;
  if (claims.email_verified === true) return email;
  return require_email_verified || Object.hasOwn(claims, 'email_verified') ? null : email;
}

/** `scope` as RFC 9068 §2.2.3 has it, or as a list; `scp` where the issuer writes that instead. */
function readScopes(claims: JsonObject): string[] | undefined {
  const scope = ownMember(claims, 'scope') ?? ownMember(claims, 'scp');
  if (typeof scope === 'string') return scope.split(' ').filter((one) => one !== '');
  return readStringListClaim({ scope: scope ?? null }, 'scope');
}
