import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { type Introspection, json, redirect, text } from '../issuers.ts';
import { ATTACKER, KEYS } from '../keys.ts';
import { AUDIENCE, type RouteName } from '../routes.ts';
import {
  type Expected,
  invalidToken,
  PASSES,
  type Row,
  refusedWithoutChallenge,
  tokenRow,
} from '../row.ts';
import type { Scene } from '../scene.ts';

const UNAVAILABLE = refusedWithoutChallenge('introspection_unavailable');
const INACTIVE = invalidToken('inactive');

function active(scene: Scene, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const { iss: _iss, ...claims } = scene.claims();
  return { active: true, token_type: 'Bearer', ...claims, ...changes };
}

/** An opaque token, and what its issuer says when it is asked. */
function answered(
  name: string,
  answer: (scene: Scene) => Introspection,
  expected: Expected,
  route: RouteName = 'opaque',
): Row {
  return tokenRow(name, (scene) => scene.issuers.opaqueToken(answer(scene)), expected, { route });
}

function said(
  name: string,
  changes: (scene: Scene) => Record<string, unknown>,
  expected: Expected,
): Row {
  return answered(name, (scene) => json(active(scene, changes(scene))), expected);
}

function body(name: string, edit: (text: string) => string | Buffer): Row {
  return answered(name, (scene) => text(edit(JSON.stringify(active(scene)))), UNAVAILABLE);
}

const status = (code: number, name = `status ${code}`) =>
  answered(name, (scene) => json(active(scene), code), UNAVAILABLE);

/** A JWT of the issuer that is asked about all its tokens. */
function known(name: string, answer: (scene: Scene) => Introspection, expected: Expected): Row {
  return tokenRow(
    name,
    (scene) => {
      const token = scene.token({ claims: { iss: scene.issuers.c } });
      scene.issuers.knows(token, answer(scene));
      return token;
    },
    expected,
    { route: 'introspected' },
  );
}

/** How often C has been asked, for rows that must not show it a token. */
function asked({ issuers }: Scene): number {
  return issuers.requests().filter((path) => path === '/c/introspect').length;
}

function unasked(row: Row): Row {
  let before = 0;
  return {
    ...row,
    request(scene) {
      before = asked(scene);
      return row.request(scene);
    },
    also: (_, scene) => expect(asked(scene)).toBe(before),
  };
}

/** What a lenient reader takes for a JWT: it must not get past all that is checked of JWTs by being none here. */
const LENIENT: [what: string, edit: (token: string) => string][] = [
  ['an unsecured JWT', (token) => token.replace(/[^.]*$/, '')],
  ['a JWT with padding', (token) => `${token}==`],
  ['a JWT with a detached payload', (token) => token.replace(/\.[^.]*\./, '..')],
  ['a JWT whose claims are no JSON', (token) => token.replace(/\.[^.]*\./, '.AAAA.')],
];

const hangUp: Introspection = (response: ServerResponse) => response.destroy();
const stayQuiet: Introspection = () => {};

/** Tokens that only their issuer can read (RFC 7662). */
export const opaqueTokens: Row[] = [
  said('an active token', () => ({}), PASSES),
  tokenRow('a token that nobody knows', () => 'mF_9.B5f-4.1JqM', INACTIVE, { route: 'opaque' }),
  tokenRow(
    'a token that is no JWT where nobody is asked',
    () => 'opaque',
    invalidToken('malformed'),
  ),
  said('no token any more', () => ({ active: false }), INACTIVE),
  said('no word on whether it is active', () => ({ active: undefined }), UNAVAILABLE),
  ...['true', 1, null, [true], {}].map((value) =>
    said(`active ${JSON.stringify(value)}`, () => ({ active: value }), UNAVAILABLE),
  ),
  said(
    'another audience',
    () => ({ aud: 'https://other.example.com' }),
    invalidToken('wrong_audience'),
  ),
  said('no audience', () => ({ aud: undefined }), invalidToken('wrong_audience')),
  said('a malformed audience', () => ({ aud: [AUDIENCE, 1] }), invalidToken('malformed_claim')),
  said('another issuer', ({ issuers }) => ({ iss: issuers.a }), invalidToken('wrong_issuer')),
  said('its own issuer', ({ issuers }) => ({ iss: issuers.c }), PASSES),
  said('an issuer of null', () => ({ iss: null }), invalidToken('wrong_issuer')),
  said('active and expired', (scene) => ({ exp: scene.now() - 30 }), invalidToken('expired')),
  said(
    'active and not yet valid',
    (scene) => ({ nbf: scene.now() + 60 }),
    invalidToken('not_yet_valid'),
  ),
  said('an expiry as a text', (scene) => ({ exp: String(scene.now() + 60) }), UNAVAILABLE),
  body('an expiry beyond all numbers', (answer) => answer.replace(/"exp":\d+/, '"exp":1e400')),
  said('no expiry, which RFC 7662 allows', () => ({ exp: undefined }), PASSES),
  said('no subject', () => ({ sub: undefined }), invalidToken('no_subject')),
  said(
    'an empty subject beside a client',
    () => ({ sub: '', client_id: 'app' }),
    invalidToken('no_subject'),
  ),
  said('a client for its subject', () => ({ sub: undefined, client_id: 'app' }), PASSES),
  said('a client that is a number', () => ({ client_id: 7 }), invalidToken('malformed_claim')),
  said('a refresh token', () => ({ token_type: 'refresh_token' }), invalidToken('wrong_type')),
  ...[
    { token_use: 'refresh' },
    { token_use: 'id' },
    { token_use: ['access'] },
    { token_use: null },
  ].map((changes) =>
    said(`a token with ${JSON.stringify(changes)}`, () => changes, invalidToken('wrong_type')),
  ),
  ...['Refresh', 'Offline', 'ID', 'Logout'].map((typ) =>
    said(`a token of typ ${typ}, as Keycloak has it`, () => ({ typ }), invalidToken('wrong_type')),
  ),
  said('a token of typ Bearer, as Keycloak has it', () => ({ typ: 'Bearer' }), PASSES),
  said('a typ that is a number', () => ({ typ: 7 }), invalidToken('malformed_claim')),
  said('an N_A token', () => ({ token_type: 'N_A' }), invalidToken('wrong_type')),
  said(
    'a DPoP token without its key',
    () => ({ token_type: 'DPoP' }),
    invalidToken('malformed_claim'),
  ),
  said(
    'a DPoP token under Bearer',
    () => ({ token_type: 'DPoP', cnf: { jkt: 'A'.repeat(43) } }),
    invalidToken('dpop_required', 'DPoP'),
  ),
  said('a malformed scope', () => ({ scope: 7 }), invalidToken('malformed_claim')),
  body('garbage', () => '<html>'),
  body('nothing', () => ''),
  body('an array', (answer) => `[${answer}]`),
  body('a text', (answer) => JSON.stringify(answer)),
  body('active twice', (answer) => answer.replace('{', '{"active":false,')),
  body('a byte order mark', (answer) => `\ufeff${answer}`),
  body('bytes that are not UTF-8', (answer) =>
    Buffer.from(answer.replace('alice', '\xff'), 'latin1'),
  ),
  body('more than 256 KB', (answer) => answer.replace('alice', 'a'.repeat(300_000))),
  ...[201, 203, 206, 400, 401, 403, 404, 429, 500, 503].map((code) => status(code)),
  answered(
    'a redirect, which nobody follows',
    ({ issuers }) => redirect(new URL('/everybody', issuers.c).href),
    UNAVAILABLE,
  ),
  answered('a connection that is closed', () => hangUp, UNAVAILABLE),
  answered('no answer in time', () => stayQuiet, UNAVAILABLE, 'hasty'),
  said('a good token after all that', () => ({}), PASSES),

  known('a JWT that is active', (scene) => json(active(scene)), PASSES),
  ...(
    [
      ['another subject', { sub: 'mallory' }],
      ['another issuer', { iss: 'https://evil.example' }],
      ['another client', { client_id: 'app' }],
      ['a key that it is bound to', { cnf: { jkt: 'A'.repeat(43) } }],
      ['an end that has passed', { exp: 1 }],
      ['that it is for refreshing', { token_use: 'refresh' }],
    ] as const
  ).map(([what, changes]) =>
    known(
      `a JWT of which the issuer tells ${what}`,
      (scene) => json(active(scene, changes)),
      INACTIVE,
    ),
  ),
  known('a JWT that has been revoked', () => json({ active: false }), INACTIVE),
  known('a JWT about which the issuer fails', () => json({}, 500), UNAVAILABLE),
  unasked(
    tokenRow(
      'a forged JWT, which the issuer is not shown',
      (scene) => scene.token({ key: ATTACKER.es, claims: { iss: scene.issuers.c } }),
      invalidToken('bad_signature'),
      { route: 'introspected' },
    ),
  ),
  unasked(
    tokenRow(
      'a JWT of another issuer, which this one is not shown',
      (scene) => scene.token({ key: KEYS.rs }),
      PASSES,
      { route: 'introspected' },
    ),
  ),
  unasked(
    tokenRow(
      'a JWT of an issuer that is not accepted, which nobody is shown',
      (scene) => scene.token({ claims: { iss: 'https://evil.example' } }),
      invalidToken('wrong_issuer'),
      { route: 'opaque' },
    ),
  ),
  ...LENIENT.map(([what, edit]) =>
    unasked(
      tokenRow(
        `${what}, of which its issuer would say that it is active`,
        (scene) => {
          const token = edit(scene.token({ claims: { iss: scene.issuers.c } }));
          scene.issuers.knows(token, json(active(scene)));
          return token;
        },
        invalidToken('malformed'),
        { route: 'opaque' },
      ),
    ),
  ),
  tokenRow(
    'five parts, of which the issuer knows what they say',
    (scene) => {
      const token = 'eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA';
      scene.issuers.knows(token, json(active(scene)));
      return token;
    },
    PASSES,
    { route: 'opaque' },
  ),
];
