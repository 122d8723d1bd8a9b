import type { ResourceServer } from 'oidc-provider';

/** Unless the request says otherwise: how long an access token lives. */
export const ACCESS_TOKEN_SECONDS = 300;

const SCOPE = 'tasks:read tasks:write';
const JWT: ResourceServer = { scope: SCOPE, accessTokenFormat: 'jwt' };

/**
 * The APIs that access tokens can be issued for (RFC 8707 resource indicators). The identifier is
 * the token's `aud`.
 */
export const RESOURCES = {
  /** JWT access tokens (RFC 9068). The API of the examples. */
  'https://tasks.example.com': JWT,
  /** Another API with JWT access tokens: what it accepts, the first one must refuse. */
  'https://other.example.com': JWT,
  /** Opaque access tokens: only introspection (RFC 7662) tells what they mean. */
  'https://opaque.example.com': { scope: SCOPE, accessTokenFormat: 'opaque' },
} satisfies Record<string, ResourceServer>;

export function findResource(identifier: string): ResourceServer | undefined {
  const resources: Record<string, ResourceServer> = RESOURCES;
  return Object.hasOwn(resources, identifier) ? resources[identifier] : undefined;
}
