import { calculateJwkThumbprint } from 'jose';
import { KEYS, OTHER_CLIENT, publicJwk, RSA_CLIENT } from '../../keys.ts';
import { boundToken, JKT, presenting, proof } from '../../proofs.ts';
import { type Expected, invalidProof, invalidToken, PASSES, type Row, refused } from '../../row.ts';
import { proved } from './proved.ts';

const OF_RSA_CLIENT = await calculateJwkThumbprint(publicJwk(RSA_CLIENT));

/** A good proof of the client's key, and a token that is bound otherwise. */
function bound(name: string, cnf: unknown, expected: Expected, scheme = 'DPoP'): Row {
  return {
    name,
    request(scene) {
      const token = boundToken(scene, { cnf });
      const { headers } = presenting(token, proof(scene, token, '/plain'));
      return { headers: headers.map(([n, v]) => [n, v.replace(/^DPoP /, `${scheme} `)]) };
    },
    expected,
  };
}

/** What a token is bound to, and under which scheme it comes (RFC 9449 §6.1, §7.1, §7.2). */
export const bindings: Row[] = [
  {
    name: 'a bound token under Bearer',
    request: (scene) => ({ headers: [['Authorization', `Bearer ${boundToken(scene)}`]] }),
    expected: invalidToken('dpop_required', 'DPoP'),
  },
  bound(
    'a bound token under Bearer, with a good proof',
    { jkt: JKT },
    invalidToken('dpop_required', 'DPoP'),
    'Bearer',
  ),
  bound(
    'a bound token under bearer in lower case',
    { jkt: JKT },
    invalidToken('dpop_required', 'DPoP'),
    'bearer',
  ),
  bound('a bound token under dpop in lower case', { jkt: JKT }, PASSES, 'dpop'),
  bound(
    'a token that is bound to nothing under DPoP',
    undefined,
    invalidToken('not_bound_to_dpop_key', 'DPoP'),
  ),
  {
    name: 'a token that is bound to nothing where all must be',
    route: 'possessed',
    request: (scene) => ({ headers: [['Authorization', `Bearer ${scene.token()}`]] }),
    expected: invalidToken('not_bound', 'DPoP'),
  },
  {
    name: 'no token where all must be bound',
    route: 'possessed',
    request: () => ({}),
    expected: refused('missing_token', 'DPoP algs="ES256 ES384 EdDSA PS256 RS256", realm="api"'),
  },
  bound('a token that is bound to another key', { jkt: OF_RSA_CLIENT }, invalidProof('other_key')),
  proved('a proof of another key', { key: OTHER_CLIENT }, invalidProof('other_key')),
  proved('a proof of the issuer’s key', { key: KEYS.es }, invalidProof('other_key')),
  ...[{}, [], null, 'jkt', true, { jkt: 1 }, { jkt: null }, { jkt: '' }, { jkt: [JKT] }].map(
    (cnf) =>
      bound(`cnf ${JSON.stringify(cnf)}`, cnf, invalidToken('malformed_confirmation', 'DPoP')),
  ),
  bound(
    'a thumbprint with padding',
    { jkt: `${JKT}=` },
    invalidToken('malformed_confirmation', 'DPoP'),
  ),
  bound(
    'a thumbprint in hexadecimal',
    { jkt: '0'.repeat(64) },
    invalidToken('malformed_confirmation', 'DPoP'),
  ),
  ...['jwk', 'kid', 'jku', 'x5t', '__proto__'].map((member) =>
    bound(
      `cnf with ${member} beside a good jkt`,
      JSON.parse(`{"jkt":"${JKT}","${member}":"x"}`),
      invalidToken('unknown_confirmation', 'DPoP'),
    ),
  ),
  bound(
    'cnf with a jkt in __proto__',
    JSON.parse(`{"__proto__":{"jkt":"${JKT}"}}`),
    invalidToken('unknown_confirmation', 'DPoP'),
  ),
];
