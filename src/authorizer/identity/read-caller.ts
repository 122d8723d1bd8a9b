import type { Identity } from '../../core/identity.ts';
import { ownMember } from '../../core/json.ts';
import type { Consumer, Continue } from '../../core/stage.ts';
import type { AuthorizerConfig } from '../config.ts';
import { claimHeaderValues } from '../headers/claim-headers.ts';
import { encodeHeaderValue } from '../headers/encode-header-value.ts';
import { ISSUER_HEADER } from '../headers/identity-headers.ts';
import type { InvalidTokenReason } from '../token/invalid-token.ts';
import type { VerifiedToken } from '../token/verified-token.ts';
import { consumerOf } from './consumer-of.ts';
import { lacksClaim } from './lacks-claim.ts';
import { readIdentity } from './read-identity.ts';

/** What a verified token means under one configuration, whenever and however it is used. */
export type Caller =
  | {
      outcome: 'caller';
      /** The request that may go on. */
      go_on: Continue;
      /** What the token lacks for that. */
      lacking: { what: 'scope' } | { what: 'claim'; claim: string } | null;
    }
  | { outcome: 'invalid'; reason: InvalidTokenReason };

/** How much of the digest tells tokens apart in a log: enough to recognize one, too little to use it. */
const FINGERPRINT_DIGITS = 16;

export function readCaller(token: VerifiedToken, config: AuthorizerConfig): Caller {
  const { claims, issuer, digest } = token;
  const { issuer: name, require_email_verified } = issuer;
  const reading = readIdentity(claims, name, config.groups_claim, require_email_verified);
  if (reading.outcome === 'invalid') return reading;
  const { identity } = reading;
  const jti = ownMember(claims, 'jti');
  const consumer =
    config.consumer_claim === undefined ? null : consumerOf(identity, config.consumer_claim);
  return {
    outcome: 'caller',
    go_on: {
      outcome: 'continue',
      set_headers: {
        ...(consumer === null ? {} : consumerHeaders(consumer)),
        // One issuer's alice is not another's.
        ...(config.issuers.length > 1 ? { [ISSUER_HEADER]: encodeHeaderValue(name) } : {}),
        ...claimHeaderValues(config.claim_headers, identity),
      },
      authenticated_groups: identity.groups,
      ...(consumer === null ? {} : { consumer }),
      handoff: {
        authenticated_identity: {
          outcome: 'authenticated',
          identity,
          token: {
            jti: typeof jti === 'string' ? jti : null,
            fingerprint: digest.slice(0, FINGERPRINT_DIGITS),
          },
        },
      },
    },
    lacking: lackingOf(identity, config),
  };
}

function lackingOf(
  identity: Identity,
  { required_scopes, required_claims }: AuthorizerConfig,
): Extract<Caller, { outcome: 'caller' }>['lacking'] {
  if (!required_scopes.every((scope) => identity.scopes.includes(scope))) return { what: 'scope' };
  const claim = lacksClaim(identity, required_claims);
  return claim === null ? null : { what: 'claim', claim };
}

/** As Kong's own authentication plugins do. */
function consumerHeaders({ id, username, custom_id }: Consumer): Record<string, string> {
  return {
    'X-Consumer-ID': id,
    'X-Consumer-Username': encodeHeaderValue(username),
    'X-Consumer-Custom-ID': encodeHeaderValue(custom_id),
  };
}
