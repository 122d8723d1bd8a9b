import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { JWK } from 'oidc-provider';
import type { SigningAlgorithm } from './signing-keys.ts';

/** The events of CAEP 1.0 that end or change what a token is worth, and how they are named in a SET. */
export const SECURITY_EVENTS = {
  'session-revoked': 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  'credential-change': 'https://schemas.openid.net/secevent/caep/event-type/credential-change',
  'token-claims-change': 'https://schemas.openid.net/secevent/caep/event-type/token-claims-change',
} as const;

/** RFC 9493, section 3: a `format`, and the members that it asks for. */
export interface SubjectIdentifier {
  format: string;
  [member: string]: unknown;
}

export interface SecurityEvent {
  audience: string | string[];
  /**
   * What happened, by the names above or by whole URIs. A payload is as it is given here, with the
   * present as `event_timestamp` where it has none.
   */
  events: Record<string, Record<string, unknown>>;
  /** A user's `sub`, which becomes an `iss_sub` identifier, or any identifier. */
  subject: string | SubjectIdentifier;
  /** RS256 by default. */
  signingAlgorithm?: SigningAlgorithm;
  /** Members of the header in place of the right ones; undefined leaves one out. */
  header?: { alg?: never; [member: string]: unknown };
  /** The same for the claims. */
  claims?: Record<string, unknown>;
}

/**
 * A Security Event Token (RFC 8417) as a Shared Signals transmitter pushes it (Shared Signals
 * Framework 1.0, CAEP 1.0).
 *
 * @param keys the private keys of the issuer; of several for one algorithm, the first one signs
 */
export async function signSecurityEvent(
  issuer: string,
  keys: readonly JWK[],
  { audience, events, subject, signingAlgorithm = 'RS256', header, claims }: SecurityEvent,
): Promise<string> {
  const key = keys.find(({ alg }) => alg === signingAlgorithm);
  if (key === undefined) throw new Error(`there is no key for ${signingAlgorithm}`);
  const now = Math.floor(Date.now() / 1000);
  const token = new SignJWT({
    iss: issuer,
    jti: randomUUID(),
    iat: now,
    aud: audience,
    sub_id:
      typeof subject === 'string' ? { format: 'iss_sub', iss: issuer, sub: subject } : subject,
    events: Object.fromEntries(
      Object.entries(events).map(([name, payload]) => [
        eventType(name),
        { event_timestamp: now, ...payload },
      ]),
    ),
    ...claims,
  });
  token.setProtectedHeader({
    typ: 'secevent+jwt',
    ...(key.kid !== undefined && { kid: key.kid }),
    ...header,
    alg: signingAlgorithm,
  });
  return token.sign(
    createPrivateKey({ key: Object.fromEntries(Object.entries(key)), format: 'jwk' }),
  );
}

function eventType(name: string): string {
  const types: Record<string, string> = SECURITY_EVENTS;
  return types[name] ?? name;
}
