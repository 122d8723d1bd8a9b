import { z } from 'zod';

/** Asymmetric signatures only: a gateway that could verify an HMAC could also forge it (RFC 8725 §3.1, §3.2). */
export const signatureAlgorithm = z.enum([
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
