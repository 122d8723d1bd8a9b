import { isIP } from 'node:net';
import { z } from 'zod';
import { headerName, REFERENCEABLE, secureUrl } from '../../core/config/fields.ts';
import { MAX_HEADER_SEPARATORS } from '../../core/header-spellings.ts';
import { signatureAlgorithm } from '../signature-algorithm.ts';

export const dpopFields = z.strictObject({
  algorithms: z
    .array(signatureAlgorithm)
    .min(1)
    .default(['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'])
    .describe('Accepted values of `alg` of a DPoP proof.'),
  max_age_seconds: z
    .int()
    .min(1)
    .max(600)
    .default(60)
    .describe(
      'How old a proof may be by its `iat`, `leeway_seconds` not counted. Each is accepted once.',
    ),
  origins: z
    .array(
      secureUrl('A scheme and host, such as `https://api.example.com`.').refine(
        (url) => URL.canParse(url) && new URL(url).pathname === '/' && !url.includes('?'),
        { error: 'must be an origin: scheme, host and port alone' },
      ),
    )
    .min(1)
    .max(100)
    .optional()
    .describe(
      'The origins at which clients reach this route. A proof for any other is refused, so that no other server that a client sent its request to can pass it on here. Default: the origin of `resource_metadata.resource`; without that, whatever host the request names.',
    ),
  require_nonce: z
    .boolean()
    .default(false)
    .describe(
      'Accept only proofs that hold a recent nonce of this gateway (RFC 9449 §9), so that none can be made in advance. A client learns it from the `DPoP-Nonce` header of the refusal and repeats its request.',
    ),
  nonce_secret: z
    .string()
    .min(32)
    .max(1024)
    .meta(REFERENCEABLE)
    .optional()
    .describe(
      'What nonces are made from, the same on every gateway that clients may reach. Left out, each plugin server makes its own at its start.',
    ),
});

/** An address, or a block of them in CIDR notation. */
const addressBlock = z
  .string()
  .max(64)
  .refine(isAddressBlock, { error: 'must be an IP address or a block such as 10.0.0.0/8' });

export const clientCertificateFields = z.strictObject({
  header: headerName
    .regex(/^[0-9A-Za-z-]+$/, { error: 'must be made of letters, digits and hyphens' })
    .refine((name) => !['authorization', 'cookie', 'dpop'].includes(name.toLowerCase()), {
      error: 'must not be a header that carries credentials',
    })
    .refine((name) => name.split('-').length - 1 <= MAX_HEADER_SEPARATORS, {
      error: `must not have more than ${MAX_HEADER_SEPARATORS} hyphens`,
    })
    .describe(
      "The header in which a TLS-terminating proxy in front of Kong hands over the client's certificate. The proxy must remove what clients send there. From anyone else it is ignored, and it never reaches the upstream.",
    ),
  format: z
    .enum(['pem_urlencoded', 'rfc9440', 'xfcc'])
    .default('pem_urlencoded')
    .describe(
      "How it stands there: PEM in URL encoding (nginx's `$ssl_client_escaped_cert`), `Client-Cert` of RFC 9440, or Envoy's `x-forwarded-client-cert` with one element.",
    ),
  trusted_ips: z
    .array(addressBlock)
    .min(1)
    .max(1000)
    .describe('Addresses of the proxies whose word counts: those that connect to Kong themselves.'),
});

function isAddressBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}
