import { z } from 'zod';
import { headerName, secureUrl } from '../core/config/fields.ts';
import { MAX_HEADER_SEPARATORS } from '../core/header-spellings.ts';
import { DEFAULT_REALM } from '../core/refusal.ts';
import { foldHeaderName } from './headers/fold-header-name.ts';

/** Asymmetric signatures only: a gateway that could verify an HMAC could also forge it (RFC 8725 §3.1, §3.2). */
const signatureAlgorithm = z.enum([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]);

const issuerFields = z.strictObject({
  issuer: secureUrl(
    'The exact `iss` of the tokens to accept. An https URL; http only on loopback.',
  ).refine((url) => !url.includes('?'), { error: 'must not have a query' }),
  audiences: z
    .array(z.string().min(1).max(2048))
    .min(1)
    .max(100)
    .describe('Accepted audiences; one of them must be in `aud`.'),
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
});

const scopeToken = z
  .string()
  .max(256)
  .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'must be one scope (RFC 6749 §3.3)' });

const claimName = z.string().min(1).max(256);

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

/** Credentials of the request itself: a claim written there would be taken for them. */
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'x-serverless-authorization'];

const claimHeaderName = headerName
  .refine((name) => headerName.safeParse(foldHeaderName(name)).success, {
    error: 'must not read like a header that HTTP itself or the gateway uses',
  })
  .refine((name) => !CREDENTIAL_HEADERS.includes(foldHeaderName(name)), {
    error: 'must not be a header that carries credentials',
  })
  .refine((name) => foldHeaderName(name).split('-').length - 1 <= MAX_HEADER_SEPARATORS, {
    error: `must not have more than ${MAX_HEADER_SEPARATORS} of - and _, or its spellings could not all be removed`,
  });

export const authorizerFields = z.strictObject({
  issuers: z
    .array(issuerFields)
    .min(1)
    .max(100)
    .refine((entries) => hasNoRepeats(entries.map(({ issuer }) => issuer)), {
      error: 'must name each issuer once',
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
    .record(claimName, claimHeaderName)
    .default({ sub: 'X-Authenticated-Subject', email: 'X-Authenticated-Email' })
    .refine((headers) => hasNoRepeats(Object.values(headers).map(foldHeaderName)), {
      error:
        'must name each header once; names that differ only in case or in - and _ are the same',
    })
    .describe(
      "Verified claims for the upstream, claim to header. A client's header of that name never passes, also not with `_` for `-`. " +
        'Lists are joined with `,`. Percent-encoded as UTF-8: `%`, whatever is not printable ASCII, `,` and a leading or trailing space. ' +
        'Left out: absent and empty claims, objects, and an `email` that the issuer does not call verified.',
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
    .describe("Remove the client's `Authorization` before the request goes upstream."),
  realm: z
    .string()
    .max(128)
    .regex(/^[ !#-[\]-~]+$/, { error: 'must be printable ASCII without quotes and backslashes' })
    .default(DEFAULT_REALM)
    .describe('The `realm` of challenges.'),
  timeout_ms: z
    .int()
    .min(50)
    .max(30_000)
    .default(3000)
    .describe("How long a request may wait for an issuer's keys, in milliseconds."),
  jwks_cache_seconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .describe(
      "How long an issuer's keys are used before they are fetched again; requests wait for that only where nobody has asked for a while.",
    ),
  jwks_max_stale_seconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(86_400)
    .describe(
      'How old keys may become while they cannot be fetched again, counted from the fetch that brought them.',
    ),
  jwks_cooldown_seconds: z
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe(
      "How long to wait before an issuer's keys are fetched again because a token names an unknown key, or because the last fetch failed. Without any usable keys the wait is one second.",
    ),
});

export type AuthorizerConfig = z.output<typeof authorizerFields>;
export type IssuerConfig = AuthorizerConfig['issuers'][number];
export type RequiredClaim = AuthorizerConfig['required_claims'][number];

function hasNoRepeats(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
