import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { INVALID_DPOP_PROOF } from '../../../src/authorizer/proof/invalid-dpop-proof.ts';
import {
  type ExpectedProof,
  verifyDpopProof,
} from '../../../src/authorizer/proof/verify-dpop-proof.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import { base64url, createKey, hmacToken, NOW, type SigningKey } from '../support.ts';
import {
  ACCESS_TOKEN,
  ALGORITHMS,
  accessTokenHash,
  anyText,
  expectedProof,
  type ProofChanges,
  proofClaims,
  proofHeader,
  proofJwk,
  proofOf,
  proofOfText,
  URL,
} from './support.ts';

const key = createKey('ES256', 'key');
const otherKey = createKey('ES256', 'other');
const rsaKey = createKey('RS256', 'rsa');
const edKey = createKey('EdDSA', 'ed');

async function verdict(proof: string, changes: Partial<ExpectedProof> = {}): Promise<string> {
  const result = await verifyDpopProof(proof, expectedProof(changes));
  return result.outcome === 'invalid' ? result.reason : result.outcome;
}

/** The same key in the words of another algorithm. */
function as(signer: SigningKey, alg: string): SigningKey {
  return { ...signer, alg };
}

function keyOf(alg: string, pair: { privateKey: KeyObject; publicKey: KeyObject }): SigningKey {
  return { alg, kid: 'key', ...pair, jwk: {} };
}

describe('a good proof', () => {
  it.each(ALGORITHMS)('is accepted when it is signed with %s', async (alg) => {
    const signer = createKey(alg, 'key');
    const jkt = await calculateJwkThumbprint(proofJwk(signer));
    const result = await verifyDpopProof(proofOf(signer), expectedProof());
    expect(result).toMatchObject({ outcome: 'proved', jkt, iat: NOW });
  });

  it.each<[string, ProofChanges, Partial<ExpectedProof>?]>([
    ['that names itself by a kid and a chain', { header: { kid: 'k', x5c: ['MII'], jku: URL } }],
    ['whose key says what it is for', { jwk: { use: 'sig', key_ops: ['verify'], alg: 'ES256' } }],
    ['whose key is exported by WebCrypto', { jwk: { ext: true, key_ops: ['verify'], kid: 'k' } }],
    [
      'whose target is written differently',
      { claims: { htu: 'HTTPS://Tasks.Example.com:443/%74asks/7' } },
    ],
    ['whose target has a query and a fragment', { claims: { htu: `${URL}?a=1#b` } }],
    ['for a request with a query', {}, { url: `${URL}?page=2&x=/../` }],
    ['for a method of small letters', { claims: { htm: 'post' } }, { method: 'post' }],
    ['of the oldest age that is accepted', { claims: { iat: NOW - 65 } }],
    ['from the furthest future that is accepted', { claims: { iat: NOW + 5 } }],
    ['whose iat has a fraction', { claims: { iat: NOW - 0.25 } }],
    ['that ends, but has not ended', { claims: { exp: NOW + 1, nbf: NOW } }],
    ['that has just ended by a clock that goes fast', { claims: { exp: NOW - 4 } }],
    ['whose jti has one character', { claims: { jti: '0' } }],
    ['whose jti has 256 characters', { claims: { jti: 'j'.repeat(256) } }],
    ['whose jti is not ASCII', { claims: { jti: '証明' } }],
    ['that has a nonce, where none is asked for', { claims: { nonce: 'n' } }],
    ['that has further claims', { claims: { sub: 'alice', cnf: {} } }],
  ])('is accepted: one %s', async (_what, changes, expected) => {
    expect(await verdict(proofOf(key, changes), expected)).toBe('proved');
  });
});

describe('a bad proof', () => {
  const secretOf = { d: 'AA', p: 'AA', q: 'AA', dp: 'AA', dq: 'AA', qi: 'AA', oth: [], k: 'AA' };
  const noWhere = 'https://elsewhere.example/tasks/7';

  it.each<[string, keyof typeof INVALID_DPOP_PROOF, ProofChanges]>([
    ['without typ', 'wrong_type', { header: { typ: undefined } }],
    ['of typ JWT', 'wrong_type', { header: { typ: 'JWT' } }],
    ['of typ at+jwt', 'wrong_type', { header: { typ: 'at+jwt' } }],
    ['whose typ has capitals', 'wrong_type', { header: { typ: 'DPoP+JWT' } }],
    ['whose typ has a prefix', 'wrong_type', { header: { typ: 'application/dpop+jwt' } }],
    ['whose typ is a list', 'wrong_type', { header: { typ: ['dpop+jwt'] } }],
    ['without alg', 'wrong_algorithm', { header: { alg: undefined } }],
    ['of alg none', 'wrong_algorithm', { header: { alg: 'none' } }],
    ['of an alg in small letters', 'wrong_algorithm', { header: { alg: 'es256' } }],
    ['of an unknown alg', 'wrong_algorithm', { header: { alg: 'ES256K' } }],
    ['of an alg that every object has', 'wrong_algorithm', { header: { alg: 'constructor' } }],
    ['whose alg is a list', 'wrong_algorithm', { header: { alg: ['ES256'] } }],
    ['with crit', 'unsupported_header', { header: { crit: ['exp'], exp: 1 } }],
    ['with an empty crit', 'unsupported_header', { header: { crit: [] } }],
    ['with crit null', 'unsupported_header', { header: { crit: null } }],
    ['with an unencoded payload', 'unsupported_header', { header: { crit: ['b64'], b64: false } }],
    ['with b64 though it changes nothing', 'unsupported_header', { header: { b64: true } }],
    ['without jwk', 'no_key', { header: { jwk: undefined } }],
    ['whose jwk is null', 'no_key', { header: { jwk: null } }],
    ['whose jwk is a text', 'no_key', { header: { jwk: JSON.stringify(proofJwk(key)) } }],
    ['whose jwk is a list', 'no_key', { header: { jwk: [proofJwk(key)] } }],
    ['whose jwk is empty', 'wrong_key', { header: { jwk: {} } }],
    [
      'whose key is symmetric',
      'not_a_public_key',
      { header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } },
    ],
    ['whose key calls itself symmetric', 'wrong_key', { jwk: { kty: 'oct' } }],
    [
      'whose key is private',
      'not_a_public_key',
      { header: { jwk: key.privateKey.export({ format: 'jwk' }) } },
    ],
    ...Object.entries(secretOf).map(([name, value]): [string, 'not_a_public_key', ProofChanges] => [
      `whose key has the member ${name}`,
      'not_a_public_key',
      { jwk: { [name]: value } },
    ]),
    ['whose key is of another type', 'wrong_key', { header: { jwk: proofJwk(rsaKey) } }],
    [
      'whose key is of another curve',
      'wrong_key',
      { header: { jwk: proofJwk(createKey('ES384', 'k')) } },
    ],
    ['whose key calls itself one of another curve', 'wrong_key', { jwk: { crv: 'P-384' } }],
    ['whose curve is unknown', 'wrong_key', { jwk: { crv: 'secp256k1' } }],
    ['whose key is for encryption', 'wrong_key', { jwk: { use: 'enc' } }],
    ['whose key may do all but verify', 'wrong_key', { jwk: { key_ops: ['sign'] } }],
    ['whose key has a text for operations', 'wrong_key', { jwk: { key_ops: 'verify' } }],
    ['whose key is for another algorithm', 'wrong_key', { jwk: { alg: 'ES384' } }],
    ['whose key lacks a coordinate', 'unusable_key', { jwk: { y: undefined } }],
    ['whose key has a number for a coordinate', 'unusable_key', { jwk: { x: 1 } }],
    ['whose key has a short coordinate', 'unusable_key', { jwk: { x: base64url('short') } }],
    ['whose key has a long coordinate', 'unusable_key', { jwk: { x: `AAAA${proofJwk(key).x}` } }],
    ['whose key has padding', 'unusable_key', { jwk: { x: `${proofJwk(key).x}=` } }],
    ['whose key is not on the curve', 'unusable_key', { jwk: { y: proofJwk(key).x } }],
    [
      'whose key is the point at infinity',
      'unusable_key',
      { jwk: { x: 'A'.repeat(43), y: 'A'.repeat(43) } },
    ],
    ["with somebody else's key", 'bad_signature', { header: { jwk: proofJwk(otherKey) } }],
    ['without jti', 'malformed_claim', { claims: { jti: undefined } }],
    ['whose jti is empty', 'malformed_claim', { claims: { jti: '' } }],
    ['whose jti is a number', 'malformed_claim', { claims: { jti: 1 } }],
    ['whose jti has 257 characters', 'malformed_claim', { claims: { jti: 'j'.repeat(257) } }],
    ['without htm', 'malformed_claim', { claims: { htm: undefined } }],
    ['whose htm is a list', 'malformed_claim', { claims: { htm: ['POST'] } }],
    ['for another method', 'wrong_method', { claims: { htm: 'GET' } }],
    ['for the method in small letters', 'wrong_method', { claims: { htm: 'post' } }],
    ['without htu', 'malformed_claim', { claims: { htu: undefined } }],
    ['whose htu is a list', 'malformed_claim', { claims: { htu: [URL] } }],
    ['for another path', 'wrong_target', { claims: { htu: `${URL}0` } }],
    [
      'for a path of other case',
      'wrong_target',
      { claims: { htu: URL.replace('tasks/', 'Tasks/') } },
    ],
    ['for a path that ends with a slash', 'wrong_target', { claims: { htu: `${URL}/` } }],
    ['for another host', 'wrong_target', { claims: { htu: noWhere } }],
    ['for another scheme', 'wrong_target', { claims: { htu: URL.replace('https', 'http') } }],
    [
      'for another port',
      'wrong_target',
      { claims: { htu: 'https://tasks.example.com:8443/tasks/7' } },
    ],
    ['for a path alone', 'wrong_target', { claims: { htu: '/tasks/7' } }],
    [
      'for a target that climbs to this one',
      'wrong_target',
      { claims: { htu: URL.replace('tasks/7', 'a/../tasks/7') } },
    ],
    ['without iat', 'malformed_claim', { claims: { iat: undefined } }],
    ['whose iat is a text', 'malformed_claim', { claims: { iat: String(NOW) } }],
    ['whose iat is null', 'malformed_claim', { claims: { iat: null } }],
    ['that is too old', 'too_old', { claims: { iat: NOW - 65.001 } }],
    ['of the beginning of time', 'too_old', { claims: { iat: 0 } }],
    ['whose iat is before time', 'too_old', { claims: { iat: -1e300 } }],
    ['from the future', 'issued_in_future', { claims: { iat: NOW + 5.001 } }],
    ['whose iat is in milliseconds', 'issued_in_future', { claims: { iat: NOW * 1000 } }],
    ['that has ended', 'expired', { claims: { exp: NOW - 5 } }],
    ['that begins later', 'not_yet_valid', { claims: { nbf: NOW + 6 } }],
    ['whose exp is a text', 'malformed_claim', { claims: { exp: String(NOW + 60) } }],
    ['whose nbf is a text', 'malformed_claim', { claims: { nbf: String(NOW) } }],
    ['without ath', 'malformed_claim', { claims: { ath: undefined } }],
    ['whose ath is empty', 'wrong_access_token', { claims: { ath: '' } }],
    [
      'for another access token',
      'wrong_access_token',
      { claims: { ath: accessTokenHash('other') } },
    ],
    [
      'whose ath has padding',
      'wrong_access_token',
      { claims: { ath: `${accessTokenHash(ACCESS_TOKEN)}=` } },
    ],
    ['whose ath is the token itself', 'wrong_access_token', { claims: { ath: ACCESS_TOKEN } }],
    ['whose nonce is a number', 'malformed_claim', { claims: { nonce: 1 } }],
    ['whose nonce is null', 'malformed_claim', { claims: { nonce: null } }],
  ])('is refused: one %s (%s)', async (_what, reason, changes) => {
    expect(await verdict(proofOf(key, changes))).toBe(reason);
  });

  const good = proofOf(key);
  const [header = '', claims = '', signature = ''] = good.split('.');
  const twice = (name: string, value: unknown) => (text: string) =>
    text.replace('{', `{${JSON.stringify(name)}:${JSON.stringify(value)},`);

  it.each<[string, keyof typeof INVALID_DPOP_PROOF, string]>([
    ['nothing', 'malformed', ''],
    ['two parts', 'malformed', `${header}.${claims}`],
    ['four parts', 'malformed', `${good}.`],
    ['an empty signature', 'malformed', `${header}.${claims}.`],
    [
      'a JSON serialization',
      'several_proofs',
      JSON.stringify({ protected: header, payload: claims, signature }),
    ],
    ['a space before it', 'malformed', ` ${good}`],
    ['a line break after it', 'malformed', `${good}\n`],
    ['padding after it', 'malformed', `${good}=`],
    ['two proofs, joined as header lines are', 'several_proofs', `${good}, ${good}`],
    ['a proof and an empty line', 'several_proofs', `${good},`],
    ['two proofs with a space between', 'malformed', `${good} ${good}`],
    ['8193 characters', 'too_long', `${good}${'A'.repeat(8193 - good.length)}`],
    [
      'a padded claim up to 9000 characters',
      'too_long',
      proofOf(key, { claims: { x: 'x'.repeat(9000) } }),
    ],
    ['a signature of zeros', 'bad_signature', `${header}.${claims}.${'A'.repeat(86)}`],
    [
      'a signature that is cut off',
      'bad_signature',
      `${header}.${claims}.${signature.slice(0, 40)}`,
    ],
    [
      'a signature of another proof',
      'bad_signature',
      `${header}.${claims}.${proofOf(key, { claims: { jti: '2' } }).split('.')[2]}`,
    ],
    [
      'a header with a member twice',
      'malformed',
      proofOfText(key, { header: twice('typ', 'dpop+jwt') }),
    ],
    [
      'claims with a member twice',
      'malformed',
      proofOfText(key, { claims: twice('htu', 'https://elsewhere.example/') }),
    ],
    [
      'a key with a member twice',
      'malformed',
      proofOfText(key, { header: (text) => text.replace('"jwk":{', '"jwk":{"kty":"EC",') }),
    ],
    ['claims that are a list', 'malformed', proofOfText(key, { claims: (text) => `[${text}]` })],
    ['claims that are no JSON', 'malformed', proofOfText(key, { claims: () => 'proof' })],
    [
      'a header with a byte order mark',
      'malformed',
      proofOfText(key, { header: (text) => `\ufeff${text}` }),
    ],
    [
      'an infinite iat',
      'malformed_claim',
      proofOfText(key, { claims: (text) => text.replace(String(NOW), '1e400') }),
    ],
    [
      'a jti that is half a character',
      'malformed',
      proofOfText(key, { claims: (text) => text.replace('proof-1', '\\ud800') }),
    ],
    [
      'an HMAC with a public key for its secret',
      'wrong_algorithm',
      hmacToken(
        JSON.stringify(proofJwk(key)),
        proofHeader(key, { header: { alg: 'HS256' } }),
        proofClaims(),
      ),
    ],
    ['an ECDSA key that calls itself RSA', 'wrong_key', proofOf(key, { header: { alg: 'RS256' } })],
    [
      'an RSA key that calls itself ECDSA',
      'wrong_key',
      proofOf(rsaKey, { header: { alg: 'ES256' } }),
    ],
    [
      'PKCS #1 padding that calls itself PSS',
      'bad_signature',
      proofOf(rsaKey, { header: { alg: 'PS256' } }),
    ],
    [
      'another hash than it says',
      'bad_signature',
      proofOf(as(rsaKey, 'RS512'), { header: { alg: 'RS256' } }),
    ],
    ['an RSA key of 1024 bits', 'unusable_key', proofOf(createKey('RS256', 'k', 1024))],
    ['an RSA key of 2047 bits', 'unusable_key', proofOf(rsaKey, { jwk: { n: bits(2047) } })],
    ['an RSA key of 8193 bits', 'unusable_key', proofOf(rsaKey, { jwk: { n: bits(8193) } })],
    [
      'an RSA key with a zero before its modulus',
      'unusable_key',
      proofOf(rsaKey, { jwk: { n: withZero(proofJwk(rsaKey).n) } }),
    ],
    ['an RSA key without a modulus', 'unusable_key', proofOf(rsaKey, { jwk: { n: undefined } })],
    [
      'the exponent 3',
      'unusable_key',
      proofOf(
        keyOf('RS256', generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
      ),
    ],
    ['the exponent 1', 'unusable_key', proofOf(rsaKey, { jwk: { e: 'AQ' } })],
    [
      'an even exponent',
      'unusable_key',
      proofOf(rsaKey, { jwk: { e: base64url(Buffer.from([1, 0, 2])) } }),
    ],
    [
      'an exponent of 40 bits',
      'unusable_key',
      proofOf(rsaKey, { jwk: { e: base64url(Buffer.from([1, 0, 0, 0, 1])) } }),
    ],
    [
      'an exponent with a zero before it',
      'unusable_key',
      proofOf(rsaKey, { jwk: { e: base64url(Buffer.from([0, 1, 0, 1])) } }),
    ],
    [
      'an Ed25519 key of 31 bytes',
      'unusable_key',
      proofOf(edKey, { jwk: { x: base64url(Buffer.alloc(31, 9)) } }),
    ],
    ['an X25519 key', 'wrong_key', proofOf(edKey, { jwk: { crv: 'X25519' } })],
  ])('is refused: %s (%s)', async (_what, reason, proof) => {
    expect(await verdict(proof)).toBe(reason);
  });

  it('is refused when its algorithm is not among those configured', async () => {
    expect(await verdict(proofOf(key), { algorithms: ['RS256', 'EdDSA'] })).toBe('wrong_algorithm');
    expect(await verdict(proofOf(key), { algorithms: [] })).toBe('wrong_algorithm');
  });

  it('is refused when its algorithm is symmetric, even if that is configured', async () => {
    const secret = { kty: 'oct', k: base64url('secret') };
    const header = { typ: 'dpop+jwt', alg: 'HS256', jwk: secret };
    const proof = hmacToken('secret', header, proofClaims());
    expect(await verdict(proof, { algorithms: ['HS256', 'none'] })).toBe('wrong_algorithm');
  });

  it('is refused where the URL of the request is not one', async () => {
    expect(await verdict(proofOf(key, { claims: { htu: 'nowhere' } }), { url: 'nowhere' })).toBe(
      'wrong_target',
    );
  });

  it('is described in printable ASCII without quotes', () => {
    for (const text of Object.values(INVALID_DPOP_PROOF)) expect(text).toMatch(/^[ !#-[\]-~]+$/);
  });
});

function bits(length: number): string {
  const bytes = Buffer.alloc(Math.ceil(length / 8), 0xff);
  bytes[0] = 0xff >> (bytes.length * 8 - length);
  return base64url(bytes);
}

function withZero(number: unknown): string {
  return base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(String(number), 'base64url')]));
}

describe('keys', () => {
  it('of Ed25519 that sign everything with one signature do so in Node, but not here', async () => {
    const identity = Buffer.alloc(32);
    identity[0] = 1;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(identity) };
    const input = [proofHeader(edKey, { header: { jwk } }), proofClaims()]
      .map((part) => base64url(JSON.stringify(part)))
      .join('.');
    const forged = Buffer.concat([identity, Buffer.alloc(32)]);
    expect(verify(null, Buffer.from(input), { key: jwk, format: 'jwk' }, forged)).toBe(true);
    expect(await verdict(`${input}.${base64url(forged)}`)).toBe('unusable_key');
  });

  it('are imported once, and every proof is verified with them nevertheless', async () => {
    const signer = createKey('ES256', 'key');
    const counted = countCacheResults('proof_keys');
    const first = await verifyDpopProof(proofOf(signer), expectedProof());
    const again = await verifyDpopProof(proofOf(signer), expectedProof());
    expect(again).toEqual(first);
    expect(counted()).toEqual({ miss: 1, hit: 1 });
    const stolen = { ...proofHeader(otherKey), jwk: proofJwk(signer) };
    expect(await verdict(proofOf(otherKey, { header: stolen }))).toBe('bad_signature');
  });

  it('are not remembered before they have verified something', async () => {
    const signer = createKey('ES256', 'key');
    const counted = countCacheResults('proof_keys');
    expect(await verdict(proofOf(otherKey, { header: { jwk: proofJwk(signer) } }))).toBe(
      'bad_signature',
    );
    expect(await verdict(proofOf(signer))).toBe('proved');
    expect(counted()).toEqual({ miss: 1 });
  });

  it('are the same key under every algorithm', async () => {
    const results = await Promise.all(
      ['RS256', 'PS256', 'RS512'].map((alg) =>
        verifyDpopProof(proofOf(as(rsaKey, alg)), expectedProof()),
      ),
    );
    const thumbprint = await calculateJwkThumbprint(proofJwk(rsaKey));
    for (const result of results) expect(result).toMatchObject({ jkt: thumbprint });
  });
});

/** FIPS 186-4 §D.1.2.3. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

describe('the replay key', () => {
  const replayKey = async (proof: string, expected: Partial<ExpectedProof> = {}) => {
    const result = await verifyDpopProof(proof, expectedProof(expected));
    return result.outcome === 'proved' ? result.replay_key : result.reason;
  };

  it('is the same for one key and jti, whatever else the proof says', async () => {
    const first = await replayKey(proofOf(key));
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await replayKey(proofOf(key))).toBe(first);
    const other = proofOf(key, { claims: { iat: NOW - 1, htm: 'GET' } });
    expect(await replayKey(other, { method: 'GET' })).toBe(first);
  });

  it('is the same for the other signature that whoever sees one of ECDSA can make of it', async () => {
    const proof = proofOf(key);
    const input = proof.slice(0, proof.lastIndexOf('.'));
    const signature = Buffer.from(proof.slice(input.length + 1), 'base64url');
    const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
    signature.write((P256_ORDER - s).toString(16).padStart(64, '0'), 32, 'hex');
    const twin = `${input}.${base64url(signature)}`;
    expect(twin).not.toBe(proof);
    expect(await replayKey(twin)).toBe(await replayKey(proof));
  });

  it('is another for another key or jti', async () => {
    const keys = await Promise.all([
      replayKey(proofOf(key)),
      replayKey(proofOf(key, { claims: { jti: 'proof-2' } })),
      replayKey(proofOf(otherKey)),
    ]);
    expect(new Set(keys).size).toBe(3);
  });
});

describe('the nonce', () => {
  it('is judged by the caller', async () => {
    const checkNonce = (nonce: string | undefined) => nonce === 'good';
    expect(await verdict(proofOf(key, { claims: { nonce: 'good' } }), { checkNonce })).toBe(
      'proved',
    );
    expect(await verdict(proofOf(key, { claims: { nonce: 'old' } }), { checkNonce })).toBe(
      'use_nonce',
    );
    expect(await verdict(proofOf(key, { claims: { nonce: '' } }), { checkNonce })).toBe(
      'use_nonce',
    );
    expect(await verdict(proofOf(key), { checkNonce })).toBe('use_nonce');
  });

  it('is not asked about before everything else is proved', async () => {
    const checkNonce = vi.fn(() => false);
    const forged = proofOf(otherKey, { header: { jwk: proofJwk(key) } });
    expect(await verdict(forged, { checkNonce })).toBe('bad_signature');
    expect(await verdict(proofOf(key, { claims: { ath: 'x' } }), { checkNonce })).toBe(
      'wrong_access_token',
    );
    expect(checkNonce).not.toHaveBeenCalled();
  });
});

describe.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('a proof signed with %s', (alg) => {
  const proof = proofOf(createKey(alg, 'key'));
  const position = fc.nat(proof.length - 1);
  const mutation = fc
    .record({ position, byte: fc.nat(255) })
    .filter((each) => proof.charCodeAt(each.position) !== each.byte);

  it('is accepted as it is', async () => {
    expect(await verdict(proof)).toBe('proved');
  });

  it('is never accepted with any one byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(mutation, async ({ position, byte }) => {
        const changed = `${proof.slice(0, position)}${String.fromCharCode(byte)}${proof.slice(position + 1)}`;
        expect(await verdict(changed)).not.toBe('proved');
      }),
      { numRuns: 400 },
    );
  });

  it('is never accepted with its last character changed, whose low bits may mean nothing', async () => {
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!proof.endsWith(last))
        expect(await verdict(proof.slice(0, -1) + last)).not.toBe('proved');
    }
  });

  it('is never accepted with a character taken out or put in', async () => {
    await fc.assert(
      fc.asyncProperty(position, fc.boolean(), async (at, takeOut) => {
        const changed = `${proof.slice(0, at)}${takeOut ? '' : 'A'}${proof.slice(takeOut ? at + 1 : at)}`;
        expect(await verdict(changed)).not.toBe('proved');
      }),
      { numRuns: 100 },
    );
  });
});

it('has a verdict for any text at all, and never an exception', async () => {
  const member = fc.constantFrom('typ', 'alg', 'jwk', 'kty', 'crv', 'x', 'jti', 'htu', '__proto__');
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('dpop+jwt', 'ES256', 'EC', 'P-256', URL));
  const object = fc.dictionary(member, fc.oneof(value, fc.dictionary(member, value)));
  const text = fc.oneof(
    anyText,
    fc
      .tuple(object, object)
      .map(([header, claims]) => proofOf(key, { header: { ...header }, claims: { ...claims } })),
  );
  await fc.assert(
    fc.asyncProperty(text, async (proof) => {
      expect(['proved', ...Object.keys(INVALID_DPOP_PROOF)]).toContain(await verdict(proof));
    }),
    { numRuns: 200 },
  );
});

it('accepts the proof of RFC 9449 §7.1 at its time, with the thumbprint of §6.1', async () => {
  const proof = [
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0',
    'VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10',
    'NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoi',
    'R0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6',
    'MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.',
    '2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
  ].join('');
  const expected = {
    method: 'GET',
    url: 'https://resource.example.org/protectedresource',
    accessToken: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU',
    now_seconds: 1_562_262_620,
  };
  expect(await verifyDpopProof(proof, expectedProof(expected))).toMatchObject({
    outcome: 'proved',
    jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
    iat: 1_562_262_618,
  });
  expect(await verdict(proof, { ...expected, accessToken: 'another' })).toBe('wrong_access_token');
  expect(await verdict(proof, { ...expected, now_seconds: NOW })).toBe('too_old');
});
