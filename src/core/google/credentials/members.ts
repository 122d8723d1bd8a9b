import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { isSecureUrl } from '../../config/fields.ts';

/** What credentials of several types have. An error of these says nothing of the value. */

/** A member that is there, on one line. */
export const text = z
  .string({ error: 'must be a string' })
  .min(1, { error: 'must not be empty' })
  .max(4096, { error: 'is too long' })
  .regex(/^\P{Cc}+$/u, { error: 'must not contain control characters' });

export const emailAddress = z
  .string({ error: 'must be an email address' })
  .max(320, { error: 'must be an email address' })
  .regex(/^[^\s\p{Cc}@/:?#]+@[^\s\p{Cc}@/:?#]+$/u, { error: 'must be an email address' });

export const url = z
  .string({ error: 'must be an https URL (http only on loopback)' })
  .max(2048, { error: 'is too long' })
  .refine(isSecureUrl, { error: 'must be an https URL (http only on loopback)' });

const NOT_RSA = 'must be an RSA private key in PEM, not encrypted';

/** Google's service account keys sign with RS256. */
export const rsaPrivateKey = z.string({ error: NOT_RSA }).refine(
  (pem) => {
    try {
      return createPrivateKey(pem).asymmetricKeyType === 'rsa';
    } catch {
      return false;
    }
  },
  { error: NOT_RSA },
);
