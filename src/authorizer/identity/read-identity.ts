import type { Identity } from '../../core/identity.ts';
import { type JsonObject, ownMember } from '../../core/json.ts';
import { readActor } from '../../core/read-actor.ts';
import { readStringListClaim } from '../../core/read-claim.ts';
import type { InvalidTokenReason } from '../token/invalid-token.ts';

export type IdentityReading =
  | { outcome: 'identity'; identity: Identity }
  | { outcome: 'invalid'; reason: InvalidTokenReason };

/**
 * Reads who is asking from the claims of a verified token.
 *
 * @param groups_claim a claim's name, or a JSON Pointer to it
 * @returns `invalid` where a claim that rules decide by is malformed: reading it as absent could admit the request
 */
export function readIdentity(
  claims: JsonObject,
  issuer: string,
  groups_claim: string,
): IdentityReading {
  const subject = ownMember(claims, 'sub');
  if (typeof subject !== 'string') return { outcome: 'invalid', reason: 'no_subject' };
  const email = readEmail(claims);
  const scopes = readScopes(claims);
  if (email === undefined || scopes === undefined) {
    return { outcome: 'invalid', reason: 'malformed_claim' };
  }
  const actor = readActor(claims);
  if (actor === undefined) return { outcome: 'invalid', reason: 'malformed_actor' };
  const groups = readStringListClaim(claims, groups_claim);
  if (groups === undefined) return { outcome: 'invalid', reason: 'malformed_claim' };
  return {
    outcome: 'identity',
    identity: { subject, issuer, email, groups, scopes, actor, claims },
  };
}

/** OpenID Connect Core §5.1: an address that the issuer has not verified is merely what someone typed. */
function readEmail(claims: JsonObject): string | null | undefined {
  const email = ownMember(claims, 'email') ?? null;
  if (email !== null && typeof email !== 'string') return undefined;
  return Object.hasOwn(claims, 'email_verified') && claims.email_verified !== true ? null : email;
}

/** `scope` as RFC 9068 §2.2.3 has it, or as a list; `scp` where the issuer writes that instead. */
function readScopes(claims: JsonObject): string[] | undefined {
  const scope = ownMember(claims, 'scope') ?? ownMember(claims, 'scp');
  if (typeof scope === 'string') return scope.split(' ').filter((one) => one !== '');
  return readStringListClaim({ scope: scope ?? null }, 'scope');
}
