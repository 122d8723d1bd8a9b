import { z } from 'zod';
import { secureUrl } from '../core/config/fields.ts';
import { upstreamHeaderName } from '../core/config/upstream-header-name.ts';
import { foldHeaderName } from '../core/fold-header-name.ts';
import { DEFAULT_REALM } from '../core/refusal.ts';
import { introspectionFields } from './introspection/config.ts';
import { resourceMetadataFields } from './metadata/config.ts';
import { clientCertificateFields, dpopFields } from './proof/config.ts';
import { redisFields } from './redis/config.ts';
import { securityEventsFields } from './revocation/config.ts';
import { signatureAlgorithm } from './signature-algorithm.ts';

const claimName = z.string().min(1).max(256);

const issuerFields = z.strictObject({
  issuer: secureUrl(
    'The exact `iss` of the tokens to accept. An https URL; http only on loopback.',
  ).refine((url) => !url.includes('?'), { error: 'must not have a query' }),
  audiences: z
    .array(z.string().min(1).max(2048))
    .min(1)
    .max(100)
    .describe('Accepted audiences; one of them must be in the `audience_claim`.'),
  audience_claim: claimName
    .default('aud')
    .describe(
      'The claim that says whom a token is for: `client_id` for access tokens of Amazon Cognito, which have no `aud`.',
    ),
  jwks_uri: secureUrl(
    "Where the issuer's keys are. Left out, the issuer's OpenID Connect discovery document is asked.",
  ).optional(),
  algorithms: z
    .array(signatureAlgorithm)
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Accepted values of `alg`. HMAC and `none` are not offered.'),
  required_typ: z
    .string()
    .max(128)
    .regex(/^[!#$&^_.+0-9A-Za-z-]+(\/[!#$&^_.+0-9A-Za-z-]+)?$/, { error: 'must be a media type' })
    .optional()
    .describe(
      'The only accepted `typ`, such as `at+jwt` (RFC 9068). Left out, a token may have no `typ`, `JWT` or `at+jwt`; any other names another kind of token and is refused.',
    ),
  require_email_verified: z
    .boolean()
    .default(false)
    .describe(
      'Let an `email` count only with `email_verified: true`. Otherwise one counts too of which the issuer does not say whether it is verified: safe only where users cannot choose their address, as they can in other tenants of Entra.',
    ),
  introspection: introspectionFields
    .optional()
    .describe(
      'Ask the issuer about tokens that are no JWT (RFC 7662). One issuer of a route may have it.',
    ),
});

const scopeToken = z
  .string()
  .max(256)
  .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'must be one scope (RFC 6749 §3.3)' });

const requiredClaim = z.strictObject({
  claim: claimName.describe('The claim, by name, or by JSON Pointer where it starts with `/`.'),
  any_of: z
    .array(z.string().max(2048))
    .min(1)
    .max(1000)
    .describe(
      'Accepted values. A claim that is a list needs one of them; numbers and booleans are compared as text.',
    ),
});

export const authorizerFields = z.strictObject({
  issuers: z
    .array(issuerFields)
    .min(1)
    .max(100)
    .refine((entries) => hasNoRepeats(entries.map(({ issuer }) => issuer)), {
      error: 'must name each issuer once',
    })
    .refine((entries) => entries.filter(({ introspection }) => introspection).length <= 1, {
      error:
        'must have introspection once at most: an opaque token does not say whose it is, and asking one issuer after another would show it to all of them',
    })
    .describe('Who may issue tokens.'),
  leeway_seconds: z
    .int()
    .min(0)
    .max(300)
    .default(30)
    .describe('Clock skew allowed for `exp`, `nbf` and `iat`.'),
  max_token_age_seconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe('Refuse tokens issued (`iat`) longer ago than this; `iat` is then required.'),
  required_scopes: z
    .array(scopeToken)
    .max(100)
    .default([])
    .describe('Scopes a token must have, all of them, in `scope` or `scp`.'),
  required_claims: z
    .array(requiredClaim)
    .max(100)
    .default([])
    .describe('Claims a token must have, each with one of the values given.'),
  groups_claim: claimName
    .default('groups')
    .describe(
      "The claim that lists the caller's groups, by name, or by JSON Pointer where it starts with `/`.",
    ),
  claim_headers: z
    .record(claimName, upstreamHeaderName)
    .default({ sub: 'X-Authenticated-Subject', email: 'X-Authenticated-Email' })
    .refine((headers) => hasNoRepeats(Object.values(headers).map(foldHeaderName)), {
      error:
        'must name each header once; names that differ only in case or in - and _ are the same',
    })
    .describe(
      "Verified claims for the upstream, claim to header. A client's header of that name never passes, also not with `_` for `-`. " +
        'Lists are joined with `,`. Percent-encoded as UTF-8: `%`, whatever is not printable ASCII, `,` and a leading or trailing space. ' +
        'Left out: absent and empty claims, objects, and an `email` that the issuer does not call verified. With several issuers `X-Authenticated-Issuer` tells whose subject it is.',
    ),
  consumer_claim: claimName
    .optional()
    .describe(
      'The claim whose value becomes the Kong consumer of the request, so that `rate-limiting` and others can go by consumer. The consumer need not exist in Kong: its id is made from issuer and value. The upstream gets it in `X-Consumer-ID`, `X-Consumer-Username` and `X-Consumer-Custom-ID`, which never pass from a client. A token without the claim sets no consumer.',
    ),
  proof_of_possession: z
    .enum(['bound', 'required'])
    .default('bound')
    .describe(
      '`bound`: a token that is bound to a key (`cnf`) must come with the proof of it, by DPoP (RFC 9449) or by the client certificate of the TLS connection (RFC 8705). `required`: any other token is refused.',
    ),
  dpop: dpopFields
    .default({
      algorithms: ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'],
      max_age_seconds: 60,
      require_nonce: false,
    })
    .describe('How DPoP proofs are checked.'),
  client_certificate: clientCertificateFields
    .optional()
    .describe(
      "Take the client's certificate from a proxy in front of Kong that ends TLS. Left out, it is that of the TLS connection to Kong, which asks for one with `nginx_proxy_ssl_verify_client=optional_no_ca`.",
    ),
  required_acr: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'must be one value without spaces' }),
    )
    .max(100)
    .default([])
    .describe(
      'Authentication context classes of which the `acr` of the token must be one. Otherwise the client is asked for a stronger login (RFC 9470).',
    ),
  max_authentication_age_seconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe(
      'How long ago the user may have authenticated (`auth_time`). Otherwise, and where the token does not say, the client is asked for a new login (RFC 9470).',
    ),
  resource_metadata: resourceMetadataFields
    .optional()
    .describe(
      'Serve the metadata of this API (RFC 9728) without a token and name them in every challenge, so that a client, an MCP client for one, finds the authorization server by itself.',
    ),
  run_on_preflight: z
    .boolean()
    .default(true)
    .describe(
      'Whether a CORS preflight request needs a token like any other, which no browser sends. `false` lets one without a token go on, without identity. Better: let the `cors` plugin answer it, which comes before this one.',
    ),
  allow_anonymous: z
    .boolean()
    .default(false)
    .describe(
      'Let a request without a token go on, without identity. A bad token is still refused.',
    ),
  hide_credentials: z
    .boolean()
    .default(false)
    .describe("Remove the client's `Authorization` and `DPoP` before the request goes upstream."),
  realm: z
    .string()
    .max(128)
    .regex(/^[ !#-[\]-~]+$/, { error: 'must be printable ASCII without quotes and backslashes' })
    .default(DEFAULT_REALM)
    .describe('The `realm` of challenges.'),
  redis: redisFields
    .optional()
    .describe(
      'Where several gateways share what must be known to all: DPoP proofs that were used, and revocations. Left out, the processes of one plugin server share them. Every route that is to refuse revoked tokens needs it, not the receiver alone.',
    ),
  security_events: securityEventsFields
    .optional()
    .describe(
      'Makes this route a receiver of Shared Signals instead (RFC 8935): `issuers` are its transmitters, each with the `audiences` of this receiver. Every route of the gateway then refuses the tokens that an event revokes; with `redis`, every gateway that has the same.',
    ),
  timeout_ms: z
    .int()
    .min(50)
    // Twice that and the time for the PDK is less than the 60 s after which Kong's stock server lets requests through.
    .max(20_000)
    .default(3000)
    .describe(
      "How long a request may wait for an issuer's keys and its answer about the token together, in milliseconds. Our plugin server ends a request with 500 after its `--event-timeout-ms`, 5,000 by default, so a longer wait needs a longer one there.",
    ),
  jwks_cache_seconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .describe(
      "The longest an issuer's keys are used before they are fetched again. The `Cache-Control` of its key set can make that shorter, down to `jwks_cooldown_seconds`. From four fifths of that time on they are fetched in the background; requests wait for that only where nobody has asked for a while.",
    ),
  jwks_max_stale_seconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(86_400)
    .describe(
      'How old keys may become while they cannot be fetched again, counted from the fetch that brought or confirmed them. With 0 they are not used beyond the time after which they are to be fetched again.',
    ),
  jwks_cooldown_seconds: z
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe(
      "How long to wait before an issuer's keys are fetched again because a token names an unknown key, or because the last fetch failed. Meanwhile a token whose unknown key may be a new one is answered 503 with `Retry-After`, so that its client keeps it; 401 only where the issuer was asked after the token was issued. Without any usable keys the wait is one second.",
    ),
});

export type AuthorizerConfig = z.output<typeof authorizerFields>;
export type IssuerConfig = AuthorizerConfig['issuers'][number];
export type RequiredClaim = AuthorizerConfig['required_claims'][number];

function hasNoRepeats(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
