import { expect } from 'vitest';
import { OTHER_CLIENT } from '../../keys.ts';
import { boundToken, presenting, proof } from '../../proofs.ts';
import { type Expected, invalidProof, PASSES, type Row, refused } from '../../row.ts';
import type { Scene } from '../../scene.ts';
import { withSignature } from '../../sign.ts';
import { proved } from './proved.ts';

const USE_NONCE = refused('use_dpop_nonce', 'DPoP ', 'error="use_dpop_nonce"');

async function learnNonce(scene: Scene): Promise<string> {
  const token = boundToken(scene);
  const { status, headers } = await scene.send({
    path: '/nonce',
    ...presenting(token, proof(scene, token, '/nonce')),
  });
  expect(status).toBe(401);
  return headers['dpop-nonce'] ?? '';
}

/** A proof with a nonce that the gateway has given, some time later. */
function aged(name: string, seconds: number, expected: Expected, also?: Row['also']): Row {
  return {
    name,
    route: 'nonce',
    async request(scene) {
      const nonce = await learnNonce(scene);
      scene.advance(seconds);
      const token = boundToken(scene);
      return presenting(token, proof(scene, token, '/nonce', { claims: { nonce } }));
    },
    expected,
    ...(also === undefined ? {} : { also }),
  };
}

const givesNonce: Row['also'] = ({ headers }) =>
  expect(headers['dpop-nonce']).toMatch(/^[A-Za-z0-9_-]{43}$/);

/** Where proofs must hold a nonce of the gateway (RFC 9449 §9). */
export const nonces: Row[] = [
  { ...proved('no nonce', {}, USE_NONCE, { route: 'nonce' }), also: givesNonce },
  {
    ...proved('a nonce of its own', { claims: { nonce: 'A'.repeat(43) } }, USE_NONCE, {
      route: 'nonce',
    }),
    also: givesNonce,
  },
  proved('an empty nonce', { claims: { nonce: '' } }, USE_NONCE, { route: 'nonce' }),
  proved('a nonce in a list', { claims: { nonce: ['x'] } }, invalidProof('malformed_claim'), {
    route: 'nonce',
  }),
  aged('a nonce of now', 0, PASSES),
  aged('an aging nonce, and a new one in return', 300, PASSES, givesNonce),
  aged('a nonce that is too old', 600, USE_NONCE, givesNonce),
  {
    name: 'no nonce and a signature that is not good, which learns of none',
    route: 'nonce',
    request(scene) {
      const token = boundToken(scene);
      return presenting(token, withSignature(proof(scene, token, '/nonce'), Buffer.alloc(64, 1)));
    },
    expected: invalidProof('bad_signature'),
    also: ({ headers }) => expect(headers).not.toHaveProperty('dpop-nonce'),
  },
  {
    name: 'a good nonce in the proof of another key',
    route: 'nonce',
    async request(scene) {
      const nonce = await learnNonce(scene);
      const token = boundToken(scene);
      const changes = { key: OTHER_CLIENT, claims: { nonce } };
      return presenting(token, proof(scene, token, '/nonce', changes));
    },
    expected: invalidProof('other_key'),
  },
];
