import { z } from 'zod';
import { REFERENCEABLE, secureUrl } from '../../core/config/fields.ts';

export const introspectionFields = z
  .strictObject({
    endpoint: secureUrl(
      "The issuer's introspection endpoint. An https URL; http only on loopback.",
    ),
    client_id: z
      .string()
      .min(1)
      .max(2048)
      .describe('The client as which the gateway asks; the issuer must allow it to introspect.'),
    client_auth_method: z
      .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])
      .default('client_secret_basic')
      .describe('How the gateway authenticates to the issuer.'),
    client_secret: z
      .string()
      .min(1)
      .max(4096)
      .meta(REFERENCEABLE)
      .optional()
      .describe('For `client_secret_basic` and `client_secret_post`.'),
    client_key: z
      .string()
      .min(1)
      .max(16_384)
      .meta(REFERENCEABLE)
      .optional()
      .describe('For `private_key_jwt`: the private key, as PEM (PKCS#8) or as a JWK.'),
    client_key_id: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('For `private_key_jwt`: the `kid` of the assertion. A JWK brings its own.'),
    client_assertion_audience: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe(
        'For `private_key_jwt`: the `aud` of the assertion, where the issuer wants another than the endpoint.',
      ),
    tokens: z
      .enum(['opaque', 'all'])
      .default('opaque')
      .describe(
        '`opaque`: only tokens that are no JWT are introspected. `all`: JWTs of this issuer as well, once their signature is verified, so that a revoked one is refused within `cache_seconds`. The issuer must be one that introspects its JWTs.',
      ),
    cache_seconds: z
      .int()
      .min(0)
      .max(3600)
      .default(30)
      .describe(
        "How long an answer is used again, never past the token's `exp`. That a token is not active is remembered for 5 seconds at most.",
      ),
  })
  .refine(
    ({ client_auth_method, client_secret }) =>
      client_auth_method === 'private_key_jwt' || client_secret !== undefined,
    { error: 'needs client_secret for this client_auth_method', path: ['client_secret'] },
  )
  .refine(
    ({ client_auth_method, client_key }) =>
      client_auth_method !== 'private_key_jwt' || client_key !== undefined,
    { error: 'needs client_key for private_key_jwt', path: ['client_key'] },
  );
