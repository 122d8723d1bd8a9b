import { stringify } from 'yaml';
import type { Issuers } from './issuers.ts';

export const AUDIENCE = 'https://tasks.example.com';
export const METADATA_PATH = '/.well-known/oauth-protected-resource/metadata';
export const METADATA_URL = `https://api.example.com${METADATA_PATH}`;

type Config = Record<string, unknown>;

const audiences = [AUDIENCE];

/** One route for each configuration that rows need. Its path is its name. */
const CONFIGS = {
  plain: ({ a, b, many, down, liar, redirecting, keyless }) => ({
    issuers: [a, b, many, down, liar, redirecting, keyless].map((issuer) => ({
      issuer,
      audiences,
    })),
  }),
  alone: (issuers) => ofA(issuers),
  typed: ({ a }) => ({ issuers: [{ issuer: a, audiences, required_typ: 'at+jwt' }] }),
  scoped: (issuers) => ofA(issuers, { required_scopes: ['tasks:read', 'tasks:write'] }),
  operators: (issuers) =>
    ofA(issuers, {
      required_claims: [
        { claim: '/realm_access/roles', any_of: ['operator'] },
        { claim: 'tenant', any_of: ['42', 'true'] },
      ],
    }),
  staff: (issuers) =>
    ofA(issuers, { required_claims: [{ claim: '/email', any_of: ['ceo@example.com'] }] }),
  'verified-staff': ({ a }) => ({
    issuers: [{ issuer: a, audiences, require_email_verified: true }],
    required_claims: [{ claim: 'email', any_of: ['ceo@example.com'] }],
  }),
  'pointed-groups': (issuers) => ofA(issuers, { groups_claim: '/groups' }),
  'step-up': (issuers) =>
    ofA(issuers, { required_acr: ['phr', 'phrh'], max_authentication_age_seconds: 300 }),
  young: (issuers) => ofA(issuers, { max_token_age_seconds: 60 }),
  punctual: (issuers) => ofA(issuers, { leeway_seconds: 0 }),
  cognito: ({ a }) => ({
    issuers: [{ issuer: a, audiences: ['app'], audience_claim: 'client_id' }],
  }),
  opaque: (issuers) => introspecting(issuers),
  hasty: (issuers) => ({ ...introspecting(issuers), timeout_ms: 150 }),
  introspected: (issuers) => introspecting(issuers, { tokens: 'all', cache_seconds: 0 }),
  possessed: (issuers) => ofA(issuers, { proof_of_possession: 'required' }),
  // The stack puts the gateway's own port there.
  origins: (issuers) => ofA(issuers, { dpop: { origins: ['http://127.0.0.1:8000'] } }),
  /** Only under the names of the gateway. */
  hosted: (issuers) => ofA(issuers),
  nonce: (issuers) => ofA(issuers, { dpop: { require_nonce: true } }),
  proxied: (issuers) => ofA(issuers, { client_certificate: certificateFrom('127.0.0.1') }),
  xfcc: (issuers) => ofA(issuers, { client_certificate: certificateFrom('127.0.0.1', 'xfcc') }),
  rfc9440: (issuers) =>
    ofA(issuers, { client_certificate: certificateFrom('127.0.0.1', 'rfc9440') }),
  elsewhere: (issuers) => ofA(issuers, { client_certificate: certificateFrom('192.0.2.0/24') }),
  anonymous: (issuers) => ofA(issuers, { allow_anonymous: true }),
  metadata: (issuers) =>
    ofA(issuers, {
      resource_metadata: { resource: 'https://api.example.com/metadata' },
      required_scopes: ['tasks:read'],
    }),
  preflight: (issuers) => ofA(issuers, { run_on_preflight: false }),
  hidden: (issuers) => ofA(issuers, { hide_credentials: true }),
  consumer: (issuers) => ofA(issuers, { consumer_claim: 'azp' }),
  groups: (issuers) =>
    ofA(issuers, { claim_headers: { groups: 'X-Groups', '/realm_access/roles': 'X-Roles' } }),
} as const satisfies Record<string, (issuers: Issuers) => Config>;

export type RouteName = keyof typeof CONFIGS;

function ofA({ a }: Issuers, more: Config = {}): Config {
  return { issuers: [{ issuer: a, audiences }], ...more };
}

function introspecting({ a, c, introspectionEndpoint }: Issuers, more: Config = {}): Config {
  const client = { client_id: 'gateway', client_secret: 'a secret of the gateway' };
  const introspection = { endpoint: introspectionEndpoint, ...client, ...more };
  return {
    issuers: [
      { issuer: a, audiences },
      { issuer: c, audiences, introspection },
    ],
  };
}

function certificateFrom(proxy: string, format = 'pem_urlencoded'): Config {
  return { header: 'X-Client-Cert', format, trusted_ips: [proxy] };
}

/** A kong.yml with oidc-authorizer alone on each route, in front of an upstream that answers everyone. */
export function kongYml(issuers: Issuers, upstreamUrl: string): string {
  const routes = Object.entries(CONFIGS).map(([name, config]) => ({
    name,
    paths: name === 'metadata' ? [`/${name}`, METADATA_PATH] : [`/${name}`],
    ...(name === 'hosted' ? { hosts: ['127.0.0.1', 'localhost'] } : {}),
    plugins: [
      {
        name: 'oidc-authorizer',
        // A second is enough for the rows: the clock moves by more between any two.
        config: { jwks_cooldown_seconds: 1, ...config(issuers) },
      },
    ],
  }));
  const service = { name: 'upstream', url: upstreamUrl, routes };
  return stringify(
    { _format_version: '3.0', services: [service] },
    { aliasDuplicateObjects: false },
  );
}
