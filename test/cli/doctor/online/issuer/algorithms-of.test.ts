import { expect, it } from 'vitest';
import { algorithmsOf } from '../../../../../src/cli/doctor/online/issuer/algorithms-of.ts';

it.each([
  [{ kty: 'RSA' }, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  [{ kty: 'RSA', alg: 'PS256' }, ['PS256']],
  [{ kty: 'EC', crv: 'P-384' }, ['ES384']],
  [{ kty: 'EC', crv: 'P-256', alg: 'ES384' }, []],
  [{ kty: 'OKP', crv: 'Ed25519' }, ['EdDSA', 'Ed25519']],
  [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }, ['EdDSA']],
  [{ kty: 'oct' }, []],
])('%j can verify %j', (jwk, algorithms) => {
  expect(algorithmsOf(jwk)).toEqual(algorithms);
});
