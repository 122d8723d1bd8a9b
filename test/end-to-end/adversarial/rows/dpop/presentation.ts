import { expect } from 'vitest';
import { json } from '../../issuers.ts';
import { boundToken, JKT, presenting, proof } from '../../proofs.ts';
import { AUDIENCE, type RouteName } from '../../routes.ts';
import { invalidProof, invalidToken, PASSES, type Row, refusedByGateway } from '../../row.ts';
import type { Scene } from '../../scene.ts';
import type { RawRequest } from '../../send-raw.ts';
import { editedProof, proved } from './proved.ts';

/** Sends a proof, which is good, once beforehand. */
function replayed(name: string, again: Partial<RawRequest> & { route?: RouteName } = {}): Row {
  const { route = 'plain', ...sent } = again;
  return {
    name,
    route,
    async request(scene) {
      const token = boundToken(scene);
      const request = presenting(token, proof(scene, token, '/plain'));
      const first = await scene.send({ path: '/plain', ...request });
      expect(first.status).toBe(200);
      return { ...request, path: '/plain', ...sent };
    },
    expected: invalidProof('replayed'),
  };
}

function opaqueToken({ issuers }: Scene): string {
  return issuers.opaqueToken(
    json({ active: true, aud: AUDIENCE, sub: 'alice', cnf: { jkt: JKT } }),
  );
}

/** How a proof comes, and how often (RFC 9449 §4.1, §11.1). */
export const presentation: Row[] = [
  proved('a good proof, so that the others are refused for their own fault', {}, PASSES),
  {
    name: 'no proof',
    request: (scene) => presenting(boundToken(scene)),
    expected: invalidProof('no_proof'),
  },
  {
    name: 'two good proofs',
    request(scene) {
      const token = boundToken(scene);
      return presenting(token, proof(scene, token, '/plain'), proof(scene, token, '/plain'));
    },
    expected: invalidProof('several_proofs'),
  },
  editedProof('a proof and a comma', (text) => `${text},`, invalidProof('several_proofs')),
  editedProof(
    'the same proof twice in one header',
    (text) => `${text}, ${text}`,
    invalidProof('several_proofs'),
  ),
  editedProof('garbage for a proof', () => 'a.b.c', invalidProof('malformed')),
  editedProof(
    'a proof of two parts',
    (text) => text.replace(/\.[^.]*$/, ''),
    invalidProof('malformed'),
  ),
  editedProof('a proof with padding', (text) => `${text}=`, invalidProof('malformed')),
  editedProof('a scheme before the proof', (text) => `DPoP ${text}`, invalidProof('malformed')),
  editedProof('a proof that fills its header', () => 'a'.repeat(7_900), invalidProof('malformed')),
  editedProof('a proof longer than any header', () => 'a'.repeat(9_000), refusedByGateway()),
  {
    name: 'the token for a proof',
    request(scene) {
      const token = boundToken(scene);
      return presenting(token, token);
    },
    expected: invalidProof('wrong_type'),
  },
  {
    name: 'the proof for a token',
    request: (scene) => presenting(proof(scene, 'x', '/plain'), proof(scene, 'x', '/plain')),
    expected: invalidToken('wrong_issuer', 'DPoP'),
  },
  {
    name: "a proof by the issuer's key with all claims of a token, for a token",
    request: (scene) => presenting(scene.token({ header: { typ: 'dpop+jwt' } })),
    expected: invalidToken('wrong_type', 'DPoP'),
  },
  replayed('a proof that has been used'),
  replayed('a proof that has been used with another query', { path: '/plain?again' }),
  {
    name: 'another proof of that key with the same jti',
    async request(scene) {
      const token = boundToken(scene);
      const claims = { jti: 'used before' };
      const once = presenting(token, proof(scene, token, '/plain', { claims }));
      await scene.send({ path: '/plain', ...once });
      const again = { ...claims, iat: scene.now() - 1 };
      return presenting(token, proof(scene, token, '/plain', { claims: again }));
    },
    expected: invalidProof('replayed'),
  },
  {
    name: 'a proof that has been used, as late as it would still be good',
    async request(scene) {
      const token = boundToken(scene);
      const claims = { iat: scene.now() + 30 };
      const request = presenting(token, proof(scene, token, '/plain', { claims }));
      const first = await scene.send({ path: '/plain', ...request });
      expect(first.status).toBe(200);
      scene.advance(112);
      return request;
    },
    expected: invalidProof('replayed'),
  },
  proved('a nonce where none is asked for', { claims: { nonce: 'anything' } }, PASSES),
  {
    name: 'an opaque token that is bound, without a proof',
    route: 'opaque',
    request: (scene) => presenting(opaqueToken(scene)),
    expected: invalidProof('no_proof'),
  },
  {
    name: 'an opaque token that is bound, with its proof',
    route: 'opaque',
    request(scene) {
      const token = opaqueToken(scene);
      return presenting(token, proof(scene, token, '/opaque'));
    },
    expected: PASSES,
  },
];
