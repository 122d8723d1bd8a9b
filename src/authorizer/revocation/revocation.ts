import { z } from 'zod';

/** The channel of the shared state on which revocations travel. */
export const REVOCATIONS_CHANNEL = 'revocations';

/** Claims by which a subject is recognized. `sid` is a session (OpenID Connect Front-Channel Logout 1.0 §3). */
const matchedClaim = z.enum(['sub', 'email', 'sid', 'jti']);

const claimMatch = z.strictObject({ claim: matchedClaim, value: z.string().min(1) });

export const revocationFields = z.strictObject({
  /** The `iss` of the tokens. */
  issuer: z.string().min(1),
  /** One claim, or two that narrow each other: whose session, and which. */
  match: z.union([z.tuple([claimMatch]), z.tuple([claimMatch, claimMatch])]),
  /** Tokens with this `iat` or an earlier one are refused, and those without `iat`. Seconds since the Unix epoch. */
  issued_until_seconds: z.number(),
});

/** Which tokens are no longer accepted. */
export type Revocation = z.output<typeof revocationFields>;
export type ClaimMatch = z.output<typeof claimMatch>;
export type MatchedClaim = z.output<typeof matchedClaim>;
