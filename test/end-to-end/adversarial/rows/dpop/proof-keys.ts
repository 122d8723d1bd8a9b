import { createKey } from '../../../../authorizer/support.ts';
import { CLIENT, OTHER_CLIENT, publicJwk, RSA_CLIENT } from '../../keys.ts';
import { boundToken, presenting } from '../../proofs.ts';
import { type Expected, invalidProof, type Row } from '../../row.ts';
import { signedWithSecret, withSignature } from '../../sign.ts';
import { editedProof, proved } from './proved.ts';

const jwk = (name: string, change: Record<string, unknown>, expected: Expected) =>
  proved(`a key ${name}`, { header: { jwk: { ...publicJwk(CLIENT), ...change } } }, expected);

const weakRsa = createKey('RS256', 'weak', 1024);

/** The JOSE header of a proof, and the key that it brings (RFC 9449 §4.2, §4.3 items 4 to 7). */
export const proofKeys: Row[] = [
  ...['JWT', 'at+jwt', 'DPoP+JWT', 'application/dpop+jwt', undefined, null, ['dpop+jwt']].map(
    (typ) =>
      proved(
        `a proof of typ ${JSON.stringify(typ)}`,
        { header: { typ } },
        invalidProof('wrong_type'),
      ),
  ),
  ...['none', 'None', 'HS256', 'ES512', 'es256', undefined, null].map((alg) =>
    proved(
      `a proof with alg ${JSON.stringify(alg)}`,
      { header: { alg } },
      invalidProof('wrong_algorithm'),
    ),
  ),
  editedProof('an unsigned proof', (text) => text.replace(/[^.]*$/, ''), invalidProof('malformed')),
  {
    name: 'an HMAC by a key in the proof',
    request(scene) {
      const token = boundToken(scene);
      const claims = { jti: '1', htm: 'GET', htu: `${scene.origin}/plain`, iat: scene.now() };
      const secret = { kty: 'oct', k: 'AAAA' };
      const header = { typ: 'dpop+jwt', alg: 'HS256', jwk: secret };
      return presenting(token, signedWithSecret(Buffer.alloc(3), header, claims));
    },
    expected: invalidProof('wrong_algorithm'),
  },
  proved('a proof with crit', { header: { crit: ['exp'] } }, invalidProof('unsupported_header')),
  proved('a proof with b64', { header: { b64: true } }, invalidProof('unsupported_header')),
  proved('no key', { header: { jwk: undefined } }, invalidProof('no_key')),
  proved('a kid for a key', { header: { jwk: undefined, kid: 'es' } }, invalidProof('no_key')),
  proved(
    'a key as a text',
    { header: { jwk: JSON.stringify(publicJwk(CLIENT)) } },
    invalidProof('no_key'),
  ),
  proved('a list of keys', { header: { jwk: [publicJwk(CLIENT)] } }, invalidProof('no_key')),
  proved(
    'the private key',
    { header: { jwk: CLIENT.privateKey.export({ format: 'jwk' }) } },
    invalidProof('not_a_public_key'),
  ),
  jwk('with a secret member', { k: 'AAAA' }, invalidProof('not_a_public_key')),
  jwk('of another type', { kty: 'RSA' }, invalidProof('wrong_key')),
  jwk('on another curve', { crv: 'P-384' }, invalidProof('wrong_key')),
  jwk('for encryption', { use: 'enc' }, invalidProof('wrong_key')),
  jwk('for another algorithm', { alg: 'ES384' }, invalidProof('wrong_key')),
  jwk('that may not verify', { key_ops: ['sign'] }, invalidProof('wrong_key')),
  jwk(
    'that is no point of its curve',
    { x: 'A'.repeat(43), y: 'A'.repeat(43) },
    invalidProof('other_key'),
  ),
  jwk('with padding', { x: `${publicJwk(CLIENT).x}=` }, invalidProof('unusable_key')),
  jwk('that lacks a coordinate', { y: undefined }, invalidProof('unusable_key')),
  proved('an RSA key of 1024 bits', { key: weakRsa }, invalidProof('unusable_key')),
  proved(
    'an RSA key with exponent 1, by which anybody signs',
    { key: RSA_CLIENT, header: { jwk: { ...publicJwk(RSA_CLIENT), e: 'AQ' } } },
    invalidProof('unusable_key'),
  ),
  proved(
    'an Ed25519 key of small order, by which anybody signs',
    { header: { alg: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } } },
    invalidProof('unusable_key'),
  ),
  proved(
    "the client's key and the signature of another",
    { key: OTHER_CLIENT, header: { jwk: publicJwk(CLIENT) } },
    invalidProof('bad_signature'),
  ),
  editedProof(
    'a signature of zeros',
    (text) => withSignature(text, Buffer.alloc(64)),
    invalidProof('bad_signature'),
  ),
];
