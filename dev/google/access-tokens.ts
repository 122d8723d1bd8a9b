import { randomBytes } from 'node:crypto';
import { type Clock, epochSeconds } from '../../src/core/clock.ts';

/** What an opaque access token stands for. */
export interface AccessGrant {
  /** the names under which IAM policies may list the bearer */
  members: readonly string[];
  scopes: readonly string[];
  /** seconds since the epoch */
  expiresAt: number;
}

export interface AccessTokens {
  issue(members: readonly string[], scopes: readonly string[], lifetimeSeconds: number): string;
  /** @returns undefined for a token that was never issued here or has expired */
  resolve(token: string): AccessGrant | undefined;
}

/**
 * Opaque tokens with Google's `ya29.` prefix. Opaque on purpose: Google documents access tokens as
 * opaque (cloud.google.com/docs/authentication/token-types), and Cloud Run must refuse them.
 */
export function createAccessTokens(clock: Clock): AccessTokens {
  const grants = new Map<string, AccessGrant>();
  return {
    issue: (members, scopes, lifetimeSeconds) => {
      const now = epochSeconds(clock);
      for (const [token, grant] of grants) if (grant.expiresAt <= now) grants.delete(token);
      const token = `ya29.${randomBytes(48).toString('base64url')}`;
      grants.set(token, { members, scopes, expiresAt: now + lifetimeSeconds });
      return token;
    },
    resolve: (token) => {
      const grant = grants.get(token);
      return grant !== undefined && grant.expiresAt > epochSeconds(clock) ? grant : undefined;
    },
  };
}
