import type { JsonObject } from './json.ts';

/** The party that acts for the subject: the outermost `act` claim (RFC 8693 §4.1). */
export type Actor = Party & {
  /** Those that acted before it, the latest first: history that a verdict must not rest on (RFC 8693 §4.1). */
  prior: Party[];
};

export type Party = { subject: string; issuer: string | null };

/** Who is asking, as a verified token says it. Every field comes from that token, never from a header. */
export interface Identity {
  subject: string;
  issuer: string;
  /** Set only where the token says `email_verified: true`, or says nothing of it. */
  email: string | null;
  groups: string[];
  scopes: string[];
  actor: Actor | null;
  claims: JsonObject;
}

/** Tells two uses of one token apart from two tokens, without telling the token. */
export interface TokenReference {
  jti: string | null;
  /** The first 16 hex digits of the SHA-256 of the token's text. */
  fingerprint: string;
}

/** What oidc-authorizer leaves on a request it lets pass. */
export type IdentityVerdict =
  | { outcome: 'authenticated'; identity: Identity; token: TokenReference }
  | { outcome: 'anonymous' };
