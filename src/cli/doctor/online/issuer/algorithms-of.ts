import type { JWK } from 'jose';
import { keyTypeOf } from '../../../../authorizer/proof/key-type-of.ts';
import { signatureAlgorithm } from '../../../../authorizer/signature-algorithm.ts';

/** The accepted algorithms whose signatures a public key can verify: the one it names, else all that its type takes. */
export function algorithmsOf({ kty, crv, alg }: JWK): string[] {
  return signatureAlgorithm.options.filter((candidate) => {
    const type = keyTypeOf(candidate);
    if (type === undefined || type.kty !== kty) return false;
    if (type.kty !== 'RSA' && type.crv !== crv) return false;
    return alg === undefined || alg === candidate;
  });
}
