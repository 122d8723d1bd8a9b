import type { ClientMetadata } from 'oidc-provider';

/** A development-only grant: an authenticated client gets a token for a user by naming them. */
export const LOGIN_GRANT = 'urn:example:dev:login';

/** RFC 8693, section 2.1. */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

const LOOPBACK_REDIRECTS = ['http://127.0.0.1/callback', 'http://localhost/callback'];

const MACHINE = { redirect_uris: [], response_types: [] };

/** The key of the client `gateway-jwt`: public knowledge like the secrets. */
export const GATEWAY_JWT_KEY = {
  kty: 'EC',
  crv: 'P-256',
  kid: 'dev-only-gateway-jwt',
  x: 'Xsec8HXe8L6RkLLFZjVhcBZ-4fwZGTdDMHKR2v0kvvw',
  y: 'ScA4oeS8ecfZSUMBjG0KhrsUYmaqjUk1M3fQ4OBIeRo',
  d: 'Qc7Z1trlZ3PoPJbtT_OcvJc0gRPLvV5-lYBgyghcPmM',
};
const { d: _private, ...GATEWAY_JWT_PUBLIC_KEY } = GATEWAY_JWT_KEY;

/** The registered clients. Their secrets are public knowledge: never use them anywhere else. */
export const CLIENTS = {
  /** A public client: authorization code with PKCE; any loopback port, as RFC 8252, section 7.3. */
  'tasks-web': {
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', LOGIN_GRANT],
    response_types: ['code'],
    redirect_uris: LOOPBACK_REDIRECTS,
  },
  /** A confidential client that signs users in without a browser. */
  'tasks-cli': {
    ...MACHINE,
    client_secret: 'dev-only-tasks-cli-secret',
    grant_types: [LOGIN_GRANT],
  },
  /** A confidential client whose tokens are bound to its certificate (RFC 8705, section 3). */
  'tasks-mtls': {
    ...MACHINE,
    client_secret: 'dev-only-tasks-mtls-secret',
    grant_types: [LOGIN_GRANT, 'client_credentials'],
    tls_client_certificate_bound_access_tokens: true,
  },
  /** A machine that calls in its own name. */
  'nightly-batch': {
    ...MACHINE,
    client_secret: 'dev-only-nightly-batch-secret',
    grant_types: ['client_credentials'],
  },
  /** An agent that acts for users, who stay visible as the subject of its tokens. */
  'planning-agent': {
    ...MACHINE,
    client_secret: 'dev-only-planning-agent-secret',
    grant_types: [TOKEN_EXCHANGE_GRANT, 'client_credentials'],
  },
  /** The gateway: no tokens of its own, but it may introspect everybody's. */
  gateway: {
    ...MACHINE,
    client_secret: 'dev-only-gateway-secret',
    grant_types: [],
  },
  /** The same gateway, authenticating in other ways. */
  'gateway-post': {
    ...MACHINE,
    client_secret: 'dev-only-gateway-post-secret',
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: [],
  },
  'gateway-jwt': {
    ...MACHINE,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [GATEWAY_JWT_PUBLIC_KEY] },
    grant_types: [],
  },
} satisfies Record<string, ClientRegistration>;

interface ClientRegistration extends Omit<ClientMetadata, 'client_id'> {
  client_secret?: string;
}

export type ClientId = keyof typeof CLIENTS;

/** Those that may introspect everybody's tokens. */
export const GATEWAYS: readonly string[] = ['gateway', 'gateway-post', 'gateway-jwt'];

/** The secret of a confidential client; undefined for a public or unknown one. */
export function clientSecret(clientId: string): string | undefined {
  const registrations: Record<string, ClientRegistration> = CLIENTS;
  return registrations[clientId]?.client_secret;
}

export function clientMetadata(): ClientMetadata[] {
  const registrations: Record<string, ClientRegistration> = CLIENTS;
  return Object.entries(registrations).map(([client_id, registration]) => ({
    client_id,
    ...registration,
  }));
}
