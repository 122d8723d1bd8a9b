import { expect } from 'vitest';
import { boundToken, presenting, proof } from '../../proofs.ts';
import { PASSES, type Row } from '../../row.ts';
import {
  authorized,
  MALFORMED_REQUEST,
  reaching,
  SPELLINGS,
  SUBJECT,
  seen,
  unauthorized,
} from './request-row.ts';

const IDENTITY_HEADERS = [
  'X-Consumer-ID',
  'X-Consumer-Custom-ID',
  'X-Consumer-Username',
  'X-Consumer-Groups',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-IAP-JWT-Assertion',
  'X-Apigateway-Api-Userinfo',
  'X-Forwarded-Authorization',
  'X-Authenticated-Groups',
  'X-Credential-Identifier',
  'X-Anonymous-Consumer',
  'X-Serverless-Authorization',
  'X-Credential-Username',
  // Kong's oauth2 plugin sets these two.
  'X-Authenticated-UserId',
  'X-Authenticated-Scope',
];

/** Headers by which an upstream knows who is asking: a client's own never reach it. */
export const spoofedHeaders: Row[] = [
  ...SPELLINGS.map((name) =>
    reaching(authorized(`a subject of its own in ${name}`, { headers: [[name, 'root']] }, PASSES), [
      SUBJECT,
      'alice',
    ]),
  ),
  reaching(
    authorized(
      'a subject of its own in all spellings at once',
      { headers: [...SPELLINGS, ...SPELLINGS].map((name) => [name, 'root']) },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
  ...['X.Authenticated.Subject', 'X+Authenticated-Subject', 'X~Authenticated~Subject'].map((name) =>
    reaching(authorized(`a subject of its own in ${name}`, { headers: [[name, 'root']] }, PASSES), [
      SUBJECT,
      'alice',
    ]),
  ),
  {
    ...authorized(
      'an issuer of its own, where there are several',
      {
        headers: [
          ['X-Authenticated-Issuer', 'https://evil.example'],
          ['X_Authenticated_Issuer', 'https://evil.example'],
        ],
      },
      PASSES,
    ),
    upstream: (arrival) =>
      expect(seen(arrival, 'x-authenticated-issuer')).toEqual([
        expect.stringMatching(/^http:.*\/a$/),
      ]),
  },
  reaching(
    authorized(
      'an issuer of its own, where there is one',
      { route: 'alone', headers: [['X-Authenticated-Issuer', 'https://evil.example']] },
      PASSES,
    ),
    ['x-authenticated-issuer', null],
  ),
  reaching(
    authorized(
      'an e-mail address of its own, where the token has none',
      { headers: [['X-Authenticated-Email', 'ceo@example.com']], claims: { email: undefined } },
      PASSES,
    ),
    ['x-authenticated-email', null],
  ),
  reaching(
    authorized(
      'an e-mail address of its own, where that of the token is empty',
      { headers: [['X-Authenticated-Email', 'ceo@example.com']], claims: { email: '' } },
      PASSES,
    ),
    ['x-authenticated-email', null],
  ),
  reaching(
    authorized(
      'a subject of its own where the route tells other claims',
      { route: 'groups', headers: [['X-Authenticated-Subject', 'root']] },
      PASSES,
    ),
    [SUBJECT, null],
  ),
  authorized(
    'bytes that are not UTF-8 in a header that means nothing',
    { headers: [['X-Anything', '\xff']] },
    PASSES,
  ),
  reaching(
    authorized(
      'an e-mail address of its own, where that of the token is not verified',
      {
        headers: [['x_authenticated_email', 'ceo@example.com']],
        claims: { email: 'ceo@example.com', email_verified: false },
      },
      PASSES,
    ),
    ['x-authenticated-email', null],
  ),
  reaching(
    authorized(
      'an empty subject of its own',
      { headers: [['X-Authenticated-Subject', '']] },
      PASSES,
    ),
    [SUBJECT, 'alice'],
  ),
  ...IDENTITY_HEADERS.map((name) =>
    reaching(
      authorized(
        `${name} of its own in two spellings`,
        {
          headers: [
            [name, 'root'],
            [name.replaceAll('-', '_'), 'root'],
          ],
        },
        PASSES,
      ),
      [name.toLowerCase(), null],
    ),
  ),
  reaching(
    unauthorized(
      'all identity headers of its own where anyone may come',
      {
        route: 'anonymous',
        headers: [...SPELLINGS, ...IDENTITY_HEADERS].map((name) => [name, 'root']),
      },
      PASSES,
    ),
    [SUBJECT, null],
    ...IDENTITY_HEADERS.map((name): [string, null] => [name.toLowerCase(), null]),
  ),
  reaching(
    unauthorized(
      'Basic credentials where anyone may come',
      {
        route: 'anonymous',
        headers: [
          ['Authorization', 'Basic YTpi'],
          [SUBJECT, 'root'],
        ],
      },
      PASSES,
    ),
    [SUBJECT, null],
  ),
  reaching(
    authorized(
      'a consumer of its own, where the token makes one',
      {
        route: 'consumer',
        claims: { azp: 'batch' },
        headers: [
          ['X-Consumer-Username', 'root'],
          ['X_Consumer_Username', 'root'],
          ['X-Consumer-Groups', 'admins'],
        ],
      },
      PASSES,
    ),
    ['x-consumer-username', 'batch'],
    ['x-consumer-custom-id', 'batch'],
    ['x-consumer-groups', null],
  ),
  reaching(
    authorized(
      'a consumer of its own, where the token makes none',
      { route: 'consumer', claims: { azp: ['batch'] }, headers: [['X-Consumer-Username', 'root']] },
      PASSES,
    ),
    ['x-consumer-username', null],
    ['x-consumer-id', null],
  ),
  reaching(
    authorized(
      'a subject that would start another header',
      { claims: { sub: 'alice\r\nX-Admin: 1\0' } },
      PASSES,
    ),
    [SUBJECT, 'alice%0D%0AX-Admin: 1%00'],
    ['x-admin', null],
  ),
  reaching(
    authorized(
      'groups that would be more groups',
      {
        route: 'groups',
        claims: { groups: ['a,admins', 'ü%2C'] },
        headers: [['X-Groups', 'admins']],
      },
      PASSES,
    ),
    ['x-groups', 'a%2Cadmins,%C3%BC%252C'],
  ),
  reaching(
    authorized(
      'a claim that no header can tell',
      {
        route: 'groups',
        claims: { realm_access: { roles: ['a', { b: 1 }] } },
        headers: [['X_Roles', 'admins']],
      },
      PASSES,
    ),
    ['x-roles', null],
  ),
  {
    name: 'a token and a proof that are not to be shown',
    route: 'hidden',
    request(scene) {
      const token = boundToken(scene);
      return presenting(token, proof(scene, token, '/hidden'));
    },
    expected: PASSES,
    upstream: (arrival) => {
      expect(seen(arrival, 'authorization')).toEqual([]);
      expect(seen(arrival, 'dpop')).toEqual([]);
      expect(JSON.stringify(arrival.headers)).not.toContain('eyJ');
    },
  },
  {
    ...authorized(
      'a subject of its own that is not UTF-8',
      { headers: [['X-Authenticated-Subject', 'r\xf6\xf6t']] },
      MALFORMED_REQUEST,
    ),
    onStock: {
      expected: PASSES,
      because: 'it cannot see what is damaged, and removes the header like any other',
    },
    upstream: (arrival) => expect(seen(arrival, SUBJECT)).toEqual(['alice']),
  },
];
