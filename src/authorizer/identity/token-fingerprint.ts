import { createHash } from 'node:crypto';

/** The first 16 hex digits of the SHA-256 of the token's text: enough to recognize a token, too little to use it. */
export function tokenFingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16);
}
