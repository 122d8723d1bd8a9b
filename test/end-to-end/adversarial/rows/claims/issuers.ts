import { expect } from 'vitest';
import { ATTACKER, KEYS_OF_B } from '../../keys.ts';
import { invalidToken, PASSES, type Row, refusedWithoutChallenge, tokenRow } from '../../row.ts';
import type { Scene } from '../../scene.ts';
import { claim } from './claim.ts';

const WRONG_ISSUER = invalidToken('wrong_issuer');
const FORGED = invalidToken('bad_signature');
const UNAVAILABLE = refusedWithoutChallenge('keys_unavailable');

function issuer(name: string, iss: (scene: Scene) => unknown, expected = WRONG_ISSUER): Row {
  return claim(`an iss that is ${name}`, (scene) => ({ iss: iss(scene) }), expected);
}

/** Whose keys count (RFC 8725 §3.8). */
export const issuers: Row[] = [
  issuer('absent', () => undefined),
  issuer('null', () => null),
  issuer('empty', () => ''),
  issuer('a list of the right one', ({ issuers }) => [issuers.a]),
  issuer('an object', ({ issuers }) => ({ iss: issuers.a })),
  issuer('followed by a slash', ({ issuers }) => `${issuers.a}/`),
  issuer('followed by a fragment', ({ issuers }) => `${issuers.a}#`),
  issuer('followed by a space', ({ issuers }) => `${issuers.a} `),
  issuer('followed by NUL', ({ issuers }) => `${issuers.a}\0`),
  issuer('in another case', ({ issuers }) => issuers.a.replace('/a', '/A')),
  issuer('under another scheme', ({ issuers }) => issuers.a.replace('http:', 'https:')),
  issuer('under another name of the host', ({ issuers }) =>
    issuers.a.replace('127.0.0.1', 'localhost'),
  ),
  issuer('with dot segments', ({ issuers }) => `${issuers.a}/../a`),
  issuer('a part of the right one', ({ issuers }) => issuers.a.slice(0, -2)),
  issuer('__proto__', () => '__proto__'),
  {
    ...tokenRow(
      'an issuer of its own, which nobody asks for its keys',
      (scene) => scene.token({ key: KEYS_OF_B.es, claims: { iss: scene.issuers.evil } }),
      WRONG_ISSUER,
    ),
    also: (_, { issuers }) =>
      expect(issuers.requests().filter((path) => path.startsWith('/evil'))).toEqual([]),
  },
  tokenRow(
    'the second issuer, signed by its own key',
    (scene) => scene.token({ key: KEYS_OF_B.es, claims: { iss: scene.issuers.b } }),
    PASSES,
  ),
  tokenRow(
    'the second issuer, signed by the key of that kid of the first',
    (scene) => scene.token({ claims: { iss: scene.issuers.b } }),
    FORGED,
  ),
  tokenRow(
    'the first issuer, signed by the key of that kid of the second',
    (scene) => scene.token({ key: KEYS_OF_B.es }),
    FORGED,
  ),
  tokenRow(
    'the first issuer, signed by the RSA key of that kid of the second',
    (scene) => scene.token({ key: KEYS_OF_B.rs }),
    FORGED,
  ),
  tokenRow(
    'the second issuer, where the route accepts the first alone',
    (scene) => scene.token({ key: KEYS_OF_B.es, claims: { iss: scene.issuers.b } }),
    WRONG_ISSUER,
    { route: 'alone' },
  ),
  issuer('down', ({ issuers }) => issuers.down, UNAVAILABLE),
  issuer('one whose discovery names another', ({ issuers }) => issuers.liar, UNAVAILABLE),
  issuer('one whose discovery redirects', ({ issuers }) => issuers.redirecting, UNAVAILABLE),
  issuer('one that lists no usable key', ({ issuers }) => issuers.keyless, UNAVAILABLE),
  tokenRow(
    'an issuer that is down, signed by the attacker',
    (scene) => scene.token({ key: ATTACKER.es, claims: { iss: scene.issuers.down } }),
    UNAVAILABLE,
  ),
];
