import { createHash } from 'node:crypto';
import { invalidProof, PASSES, type Row } from '../../row.ts';
import { proved } from './proved.ts';

const claim = (
  name: string,
  claims: Record<string, unknown>,
  expected = invalidProof('malformed_claim'),
) => proved(name, { claims }, expected);

/** What else a proof says (RFC 9449 §4.2). */
export const proofClaims: Row[] = [
  claim('no jti', { jti: undefined }),
  claim('an empty jti', { jti: '' }),
  claim('a jti that is a number', { jti: 7 }),
  claim('a jti of 300 characters', { jti: 'j'.repeat(300) }),
  claim('no htm', { htm: undefined }),
  claim('an htm in a list', { htm: ['GET'] }),
  claim('no htu', { htu: undefined }),
  claim('no iat', { iat: undefined }),
  proved(
    'an iat as a text',
    (scene) => ({ claims: { iat: String(scene.now()) } }),
    invalidProof('malformed_claim'),
  ),
  proved(
    'an iat beyond all numbers',
    { editClaims: (text) => text.replace(/"iat":\d+/, '"iat":1e400') },
    invalidProof('malformed_claim'),
  ),
  claim('no ath', { ath: undefined }),
  claim('an ath of null', { ath: null }),
  claim(
    'the ath of another token',
    { ath: createHash('sha256').update('x').digest('base64url') },
    invalidProof('wrong_access_token'),
  ),
  proved(
    'an ath with padding',
    { editClaims: (text) => text.replace(/("ath":"[^"]*)/, '$1=') },
    invalidProof('wrong_access_token'),
  ),
  claim('a nonce that is a number', { nonce: 7 }),
  proved(
    'an iat as long ago as may be',
    (scene) => ({ claims: { iat: scene.now() - 82 } }),
    PASSES,
  ),
  proved(
    'an iat longer ago',
    (scene) => ({ claims: { iat: scene.now() - 91 } }),
    invalidProof('too_old'),
  ),
  proved(
    'an iat at the edge of the leeway',
    (scene) => ({ claims: { iat: scene.now() + 30 } }),
    PASSES,
  ),
  proved(
    'an iat beyond the leeway',
    (scene) => ({ claims: { iat: scene.now() + 40 } }),
    invalidProof('issued_in_future'),
  ),
  proved(
    'an exp that has passed',
    (scene) => ({ claims: { exp: scene.now() - 30 } }),
    invalidProof('expired'),
  ),
  proved(
    'an nbf in the future',
    (scene) => ({ claims: { nbf: scene.now() + 40 } }),
    invalidProof('not_yet_valid'),
  ),
  proved(
    'htm twice',
    { editClaims: (text) => text.replace('{', '{"htm":"POST",') },
    invalidProof('malformed'),
  ),
  proved(
    'jwk twice',
    { editHeader: (text) => text.replace('{', '{"jwk":{},') },
    invalidProof('malformed'),
  ),
];
