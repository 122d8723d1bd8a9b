import { expect } from 'vitest';
import { KEYS } from '../keys.ts';
import { type Expected, invalidToken, PASSES, type Row, tokenRow } from '../row.ts';
import type { Scene } from '../scene.ts';
import { type Part, signatureOf, withSignature } from '../sign.ts';

const MALFORMED = invalidToken('malformed');
const BAD_SIGNATURE = invalidToken('bad_signature');

/** Signed by the issuer, as the text that comes of its claims. */
function claims(name: string, edit: (text: string) => Part, expected: Expected = MALFORMED): Row {
  return tokenRow(name, (scene) => scene.token({ editClaims: edit }), expected);
}

function header(name: string, edit: (text: string) => Part, expected: Expected = MALFORMED): Row {
  return tokenRow(name, (scene) => scene.token({ editHeader: edit }), expected);
}

/** A good token, as its text comes of it. */
function edited(name: string, edit: (token: string) => string, expected = MALFORMED): Row {
  return tokenRow(name, (scene) => edit(scene.token()), expected);
}

const before = (added: string) => (text: string) => text.replace('{', `{${added},`);
const after = (added: string) => (text: string) => text.replace(/}$/, `,${added}}`);

function bytes(added: number[]): (text: string) => Buffer {
  return (text) => {
    const [start = '', end = ''] = text.split('alice', 2);
    return Buffer.concat([Buffer.from(start), Buffer.from(added), Buffer.from(end)]);
  };
}

/** Arrays in each other, below the object of the claims. */
const nested = (depth: number) => after(`"deep":${'['.repeat(depth)}${']'.repeat(depth)}`);

/** The last character of a P-256 signature has four bits that mean nothing. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.slice(-1));
  return token.slice(0, -1) + alphabet.charAt(last + 1);
}

/** With a character in its signature that base64 and base64url write differently. */
function withSpecialCharacter(scene: Scene): string {
  for (;;) {
    const token = scene.token();
    if (/[-_][^.]*$/.test(token)) return token;
  }
}

function signatureIn(token: string): Buffer {
  return Buffer.from(token.split('.')[2] ?? '', 'base64url');
}

function inDer(token: string): string {
  const signature = signatureIn(token);
  const integer = (number: Buffer) => {
    const content = (number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : number;
    return Buffer.concat([Buffer.of(2, content.length), content]);
  };
  const content = Buffer.concat([
    integer(signature.subarray(0, 32)),
    integer(signature.subarray(32)),
  ]);
  return withSignature(token, Buffer.concat([Buffer.of(0x30, content.length), content]));
}

/** The order of Ed25519's base point (RFC 8032 §5.1): added to a signature's second half, it changes nothing modulo that. */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function plusOrder(scene: Scene): string {
  const token = scene.token({ key: KEYS.ed });
  const signature = signatureOf(KEYS.ed, token.replace(/\.[^.]*$/, ''));
  const half = signature.subarray(32);
  const number = BigInt(`0x${Buffer.from(half).reverse().toString('hex')}`) + ED25519_ORDER;
  const other = Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
  return withSignature(token, Buffer.concat([signature.subarray(0, 32), other]));
}

/** What is a token at all (RFC 7515 §7.1, RFC 7519 §7.2, RFC 7493): two readers of one text must not read two tokens. */
export const encodings: Row[] = [
  claims('sub twice', after('"sub":"root"')),
  claims('sub twice, the second in escapes', after('"\\u0073ub":"root"')),
  claims('iss twice', before('"iss":"https://evil.example"')),
  claims('exp twice', before('"exp":1')),
  claims('a member twice, deep within', after('"a":[{"b":{"c":1,"c":2}}]')),
  claims('__proto__ twice', after('"__proto__":1,"__proto__":2')),
  header('alg twice', before('"alg":"none"')),
  header('kid twice', after('"kid":"rs"')),
  header('crit twice', after('"crit":["b64"],"crit":null')),

  claims('an array in place of claims', () => '[]'),
  claims('a text in place of claims', () => '"sub"'),
  claims('a number in place of claims', () => '1'),
  claims('null in place of claims', () => 'null'),
  claims('nothing in place of claims', () => ''),
  claims('no claim at all', () => '{}', invalidToken('wrong_issuer')),
  header('an array in place of a header', () => '[]'),
  header('an empty header', () => '{}', invalidToken('wrong_algorithm')),
  claims('a trailing comma', (text) => text.replace(/}$/, ',}')),
  claims('a comment', before('/**/"a":1')),
  claims('single quotes', (text) => text.replaceAll('"', "'")),
  claims('NaN', after('"a":NaN')),
  claims('a number in hexadecimal', after('"a":0x1')),
  claims('a control character in a text', (text) => text.replace('alice', 'al\nice')),
  claims('a second object behind it', (text) => `${text}{"sub":"root"}`),
  claims('NUL behind it', (text) => `${text}\0`),
  claims('a byte order mark before it', (text) => `\ufeff${text}`),
  claims('UTF-16', (text) => Buffer.from(text, 'utf16le')),
  claims('white space around it', (text) => ` \r\n\t${text}\n `, PASSES),
  claims('bytes that are not UTF-8', bytes([0x61, 0xff])),
  claims('an overlong slash', bytes([0xc0, 0xaf])),
  claims('a surrogate in UTF-8', bytes([0xed, 0xa0, 0x80])),
  claims('half a surrogate pair', (text) => text.replace('alice', '\\ud800')),
  claims('surrogates in the wrong order', (text) => text.replace('alice', '\\udc00\\ud800')),
  claims('half a surrogate pair in a name', after('"\\udfff":1')),
  claims('a surrogate pair', (text) => text.replace('alice', '\\ud83d\\ude00'), PASSES),
  claims('64 levels', nested(63), PASSES),
  claims('65 levels', nested(64)),
  claims('2,000 levels', nested(2000)),
  claims('a number of 300 digits', after(`"a":${'9'.repeat(300)}`), PASSES),
  claims('a number beyond all numbers', after('"a":1e999'), PASSES),
  {
    ...claims(
      '__proto__ that makes somebody else of the caller',
      before('"__proto__":{"sub":"root","groups":["admins"]}'),
      PASSES,
    ),
    upstream: ({ headers }) => expect(headers['x-authenticated-subject']).toBe('alice'),
  },
  claims(
    '__proto__ that holds all claims',
    (text) => `{"__proto__":${text}}`,
    invalidToken('wrong_issuer'),
  ),

  edited('padding', (token) => `${token}==`),
  edited('padding in front of a dot', (token) => token.replace('.', '=.'), {
    ...MALFORMED,
    status: 400,
    code: 'invalid_request',
    challenge: ['error="invalid_request"'],
  }),
  edited('another spelling of the same signature', otherSpelling),
  tokenRow(
    'base64 in place of base64url',
    (scene) =>
      withSpecialCharacter(scene).replace(/[^.]*$/, (signature) =>
        signature.replaceAll('-', '+').replaceAll('_', '/'),
      ),
    MALFORMED,
  ),
  edited('a part too many', (token) => `${token}.AAAA`),
  edited('a dot behind it', (token) => `${token}.`),
  edited('a dot before it', (token) => `.${token}`),
  edited('a part too few', (token) => token.replace(/\.[^.]*$/, '')),
  edited('an empty signature', (token) => token.replace(/[^.]*$/, '')),
  edited('a detached payload', (token) => token.replace(/\.[^.]*\./, '..')),
  edited('a tilde behind it, as SD-JWT has', (token) => `${token}~`),
  edited(
    'bytes behind the signature',
    (token) => withSignature(token, Buffer.concat([signatureIn(token), Buffer.alloc(3)])),
    BAD_SIGNATURE,
  ),
  edited('another signature', (token) => withSignature(token, Buffer.alloc(64, 7)), BAD_SIGNATURE),
  edited(
    'a signature of zeros (CVE-2022-21449)',
    (token) => withSignature(token, Buffer.alloc(64)),
    BAD_SIGNATURE,
  ),
  edited('a signature in DER', inDer, BAD_SIGNATURE),
  edited(
    'half a signature',
    (token) => withSignature(token, signatureIn(token).subarray(0, 32)),
    BAD_SIGNATURE,
  ),
  tokenRow('an Ed25519 signature that is not reduced', plusOrder, BAD_SIGNATURE),
  tokenRow(
    'an RSA signature with zeros before it',
    (scene) => {
      const token = scene.token({ key: KEYS.rs });
      const signature = signatureOf(KEYS.rs, token.replace(/\.[^.]*$/, ''));
      return withSignature(token, Buffer.concat([Buffer.alloc(2), signature]));
    },
    BAD_SIGNATURE,
  ),
  tokenRow(
    'the claims of another',
    (scene) => {
      const [header, , signature] = scene.token().split('.');
      return [header, scene.token({ claims: { sub: 'root' } }).split('.')[1], signature].join('.');
    },
    BAD_SIGNATURE,
  ),
];
