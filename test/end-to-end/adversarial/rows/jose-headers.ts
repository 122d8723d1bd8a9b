import { deflateRawSync } from 'node:zlib';
import { expect } from 'vitest';
import { ATTACKER, KEYS, LISTED_SECRET, publicJwk } from '../keys.ts';
import { authorization, type Expected, invalidToken, PASSES, type Row, tokenRow } from '../row.ts';
import type { Scene } from '../scene.ts';
import { signed, signedWithSecret } from '../sign.ts';

const FORGED = invalidToken('bad_signature');
const UNKNOWN = invalidToken('unknown_key');

/** Signed by A's own key: whatever is wrong is in the header. */
function genuine(name: string, header: Record<string, unknown>, expected: Expected): Row {
  return tokenRow(name, (scene) => scene.token({ header }), expected);
}

/** Signed by the attacker. */
function forged(name: string, header: Record<string, unknown>, expected: Expected): Row {
  return tokenRow(name, (scene) => scene.token({ key: ATTACKER.es, header }), expected);
}

function unsigned(alg: unknown): Row {
  return tokenRow(
    `alg ${JSON.stringify(alg)} and no signature`,
    (scene) => scene.token({ header: { alg } }).replace(/[^.]*$/, ''),
    invalidToken('malformed'),
  );
}

function wrongAlgorithm(alg: unknown): Row {
  return genuine(`alg ${JSON.stringify(alg)}`, { alg }, invalidToken('wrong_algorithm'));
}

const CONFUSED_SECRETS: [string, string | Buffer][] = [
  ['PEM', KEYS.rs.publicKey.export({ type: 'spki', format: 'pem' })],
  ['PKCS #1 PEM', KEYS.rs.publicKey.export({ type: 'pkcs1', format: 'pem' })],
  ['DER', KEYS.rs.publicKey.export({ type: 'spki', format: 'der' })],
  ['JWK', JSON.stringify(KEYS.rs.jwk)],
  ['modulus', String(KEYS.rs.jwk.n)],
  ['nothing', ''],
];

function confused([form, secret]: [string, string | Buffer]): Row {
  const token = (scene: Scene) =>
    signedWithSecret(secret, { alg: 'HS256', kid: 'rs', typ: 'at+jwt' }, scene.claims());
  const name = `an HMAC keyed with ${form === 'nothing' ? 'nothing' : `the public key as ${form}`}`;
  return tokenRow(name, token, invalidToken('wrong_algorithm'));
}

const KIDS = [
  ['a path', '../../../../../../dev/null'],
  ['a URL', 'http://127.0.0.1:1/key.pem'],
  ['SQL', "x' UNION SELECT 'secret' --"],
  ['a command', '|/bin/true'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['another case', 'ES'],
  ['a space after it', 'es '],
  ['NUL after it', 'es\0'],
  ['nothing', ''],
  ['a digit', '0'],
  ['3,000 characters', 'k'.repeat(3000)],
] as const;

const ODD_KIDS = [1, 0, null, true, ['es'], { kid: 'es' }];
const OTHER_TYPES = [
  'dpop+jwt',
  'secevent+jwt',
  'logout+jwt',
  'application/logout+jwt',
  'client-authentication+jwt',
  'token-introspection+jwt',
  'JWE',
  'JOSE',
  'at+jwt ',
  'text/at+jwt',
  '',
  null,
  1,
  ['at+jwt'],
];

export const joseHeaders: Row[] = [
  ...['none', 'None', 'NONE', 'nOnE', '', null].map(unsigned),
  ...['none', 'NONE', 'nOnE', 'none ', '', null, 0, true, ['ES256'], { alg: 'ES256' }].map(
    wrongAlgorithm,
  ),
  ...['es256', 'ES256K', 'ES384', 'HS256', 'RSA1_5', 'dir', 'Ed25519', '__proto__'].map(
    wrongAlgorithm,
  ),
  genuine('no alg', { alg: undefined }, invalidToken('wrong_algorithm')),
  tokenRow(
    'alg in a member called __proto__',
    (scene) =>
      scene.token({
        editHeader: (text) => text.replace('"alg":"ES256"', '"__proto__":{"alg":"ES256"}'),
      }),
    invalidToken('wrong_algorithm'),
  ),
  ...CONFUSED_SECRETS.map(confused),
  tokenRow(
    'an HMAC with a symmetric key that the issuer lists',
    (scene) => signedWithSecret(LISTED_SECRET, { alg: 'HS256', kid: 'oct' }, scene.claims()),
    invalidToken('wrong_algorithm'),
  ),
  tokenRow(
    'an algorithm that the issuer has a key for and the route does not accept',
    (scene) => scene.token({ key: KEYS.es384 }),
    invalidToken('wrong_algorithm'),
  ),

  forged("the issuer's kid and another key", {}, FORGED),
  tokenRow(
    "the issuer's RSA kid and another key",
    (scene) => scene.token({ key: ATTACKER.rs }),
    FORGED,
  ),
  forged('another key and no kid', { kid: undefined }, UNKNOWN),
  tokenRow(
    "the issuer's key and no kid",
    (scene) => scene.token({ header: { kid: undefined } }),
    PASSES,
  ),
  tokenRow(
    'no kid and an issuer with eleven keys, which are not all tried',
    (scene) =>
      scene.token({
        key: ATTACKER.es,
        header: { kid: undefined },
        claims: { iss: scene.issuers.many },
      }),
    invalidToken('ambiguous_key'),
  ),
  {
    name: 'an unknown kid once more, in a token that is older than what the issuer has said since',
    async request(scene) {
      const unknown = () => {
        const claims = { iat: scene.now() - 100 };
        const token = scene.token({ key: ATTACKER.es, header: { kid: 'withdrawn' }, claims });
        return authorization(`Bearer ${token}`);
      };
      // Each process that runs plugins looks for the key once.
      for (let sent = 0; sent < 6; sent += 1) await scene.send({ path: '/plain', ...unknown() });
      return unknown();
    },
    expected: UNKNOWN,
  },
  tokenRow(
    'RS256 under the kid of an EC key',
    (scene) => scene.token({ key: ATTACKER.rs, header: { kid: 'es' } }),
    UNKNOWN,
  ),
  tokenRow(
    'ES256 under the kid of an RSA key',
    (scene) => scene.token({ key: ATTACKER.es, header: { kid: 'rs' } }),
    UNKNOWN,
  ),
  tokenRow(
    'EdDSA under the kid of an EC key',
    (scene) => scene.token({ key: KEYS.ed, header: { kid: 'es' } }),
    UNKNOWN,
  ),
  tokenRow(
    'PS256 by a key that is listed for RS256',
    (scene) => scene.token({ key: { ...KEYS.rs, alg: 'PS256' } }),
    UNKNOWN,
  ),
  tokenRow(
    'RS256 by a key that is listed for PS256',
    (scene) => scene.token({ key: { ...KEYS.ps, alg: 'RS256' } }),
    UNKNOWN,
  ),
  tokenRow(
    'RS256 by a key that is listed for no algorithm',
    (scene) => scene.token({ key: KEYS.any }),
    PASSES,
  ),
  tokenRow(
    'PS256 by a key that is listed for no algorithm',
    (scene) => scene.token({ key: { ...KEYS.any, alg: 'PS256' } }),
    PASSES,
  ),
  tokenRow(
    'RS256 in the header and a PS256 signature',
    (scene) => scene.token({ key: { ...KEYS.any, alg: 'PS256' }, header: { alg: 'RS256' } }),
    FORGED,
  ),
  tokenRow('EdDSA', (scene) => scene.token({ key: KEYS.ed }), PASSES),
  tokenRow(
    'a key whose private half is published',
    (scene) => scene.token({ key: KEYS.leaked }),
    UNKNOWN,
  ),
  tokenRow('a key of 1024 bits', (scene) => scene.token({ key: KEYS.weak }), UNKNOWN),
  tokenRow('a key for encryption', (scene) => scene.token({ key: KEYS.enc }), UNKNOWN),

  forged('a key of its own in jwk', { jwk: publicJwk(ATTACKER.es) }, FORGED),
  forged(
    'a key of its own in jwk, and no kid',
    { jwk: publicJwk(ATTACKER.es), kid: undefined },
    UNKNOWN,
  ),
  forged(
    'a key of its own in jwk, under a kid of its own',
    { jwk: { ...publicJwk(ATTACKER.es), kid: 'mine' }, kid: 'mine' },
    UNKNOWN,
  ),
  forged('a certificate of its own in x5c', { x5c: ['MIIBszCCAVmgAwIBAgIUe8'] }, FORGED),
  ...(['jku', 'x5u'] as const).map((member) => ({
    ...tokenRow(
      `a key set of its own in ${member}, which nobody fetches`,
      (scene) => {
        const url = `${scene.issuers.evil}/jwks`;
        return scene.token({ key: ATTACKER.es, header: { [member]: url } });
      },
      FORGED,
    ),
    also: (_: unknown, scene: Scene) => {
      expect(scene.issuers.requests().filter((path) => path.startsWith('/evil'))).toEqual([]);
    },
  })),

  ...KIDS.map(([what, kid]) => forged(`a kid that is ${what}`, { kid }, UNKNOWN)),
  ...ODD_KIDS.map((kid) =>
    forged(`a kid that is ${JSON.stringify(kid)}`, { kid }, invalidToken('unsupported_header')),
  ),

  ...[['exp'], ['b64'], [], 'exp', null, {}].map((crit) =>
    genuine(
      `crit ${JSON.stringify(crit)}`,
      { crit, b64: true },
      invalidToken('unsupported_header'),
    ),
  ),
  genuine('an unencoded payload (b64 false)', { b64: false }, invalidToken('unsupported_header')),
  genuine(
    'an unencoded payload that crit tells of',
    { b64: false, crit: ['b64'] },
    invalidToken('unsupported_header'),
  ),
  genuine('b64 as a text', { b64: 'false' }, invalidToken('unsupported_header')),
  tokenRow(
    'a compressed payload',
    (scene) =>
      scene.token({
        header: { zip: 'DEF' },
        editClaims: (text) => deflateRawSync(Buffer.from(text)),
      }),
    invalidToken('malformed'),
  ),

  ...['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'application/JWT'].map((typ) =>
    genuine(`typ ${typ}`, { typ }, PASSES),
  ),
  genuine('no typ', { typ: undefined }, PASSES),
  ...OTHER_TYPES.map((typ) =>
    genuine(`typ ${JSON.stringify(typ)}`, { typ }, invalidToken('wrong_type')),
  ),
  ...[{}, { 'http://schemas.openid.net/event/backchannel-logout': {} }, null].map((events) =>
    tokenRow(
      `events ${JSON.stringify(events)}, which make a Security Event Token of it`,
      (scene) => scene.token({ claims: { events } }),
      invalidToken('wrong_type'),
    ),
  ),
  ...['JWT', undefined, 'at+jwt2', 'at', 'logout+jwt'].map((typ) => ({
    ...genuine(`typ ${typ} where at+jwt is required`, { typ }, invalidToken('wrong_type')),
    route: 'typed' as const,
  })),
  { ...genuine('typ at+jwt where that is required', {}, PASSES), route: 'typed' },
  {
    ...genuine(
      'the full media type where at+jwt is required',
      { typ: 'application/at+jwt' },
      PASSES,
    ),
    route: 'typed',
  },

  tokenRow(
    'a JWT nested in it',
    (scene) => signed(KEYS.es, { alg: 'ES256', kid: 'es', cty: 'JWT' }, scene.token()),
    invalidToken('malformed'),
  ),
  tokenRow(
    'five parts, as an encrypted one has',
    () => {
      const header = Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString('base64url');
      return `${header}.AAAA.AAAA.AAAA.AAAA`;
    },
    invalidToken('malformed'),
  ),
];
