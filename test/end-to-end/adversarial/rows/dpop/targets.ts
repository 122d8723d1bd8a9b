import { boundToken, presenting, proof } from '../../proofs.ts';
import type { RouteName } from '../../routes.ts';
import {
  type Expected,
  invalidProof,
  PASSES,
  type Row,
  refusedByGateway,
  refusedWithoutChallenge,
} from '../../row.ts';
import { type Scene, TRUSTED_PROXY } from '../../scene.ts';
import type { Header } from '../../send-raw.ts';
import { proved } from './proved.ts';

const target = (
  name: string,
  url: (scene: Scene) => string,
  expected = invalidProof('wrong_target'),
) => proved(`a proof for ${name}`, (scene) => ({ url: url(scene) }), expected);

/** Whoever got a proof that was made for another server passes it on, and calls the gateway by that server's name. */
function foreign(name: string, route: RouteName, expected: Expected): Row {
  return proved(
    `a proof for another server, in a request that names that server, ${name}`,
    (scene) => ({ url: `http://evil.example:${scene.stack.ports.gateway}/${route}` }),
    expected,
    { host: 'evil.example', route },
  );
}

const FORWARDED: Header[] = [
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Host', 'api.example.com'],
  ['X-Forwarded-Port', '443'],
];

const WHERE_THEY_LEAD = {
  '/plain/%2e%2e/plain': '/plain',
  '/plain/../plain': '/plain',
  '//plain': '/plain',
  '/plain/a%2fb': '/plain/a/b',
  '/plain/a/%2e/b': '/plain/a/b',
};

/** Which request a proof is for (RFC 9449 §4.3 items 8 and 9). */
export const targets: Row[] = [
  proved('a proof for another method', { method: 'POST' }, invalidProof('wrong_method')),
  proved('a proof for the method in lower case', { method: 'get' }, invalidProof('wrong_method')),
  proved(
    'a proof for GET in a HEAD request',
    {},
    // Nothing but the challenge tells of it, as such an answer has no body.
    { ...invalidProof('wrong_method'), code: null },
    { method: 'HEAD' },
  ),
  proved('a proof for POST in a POST request', { method: 'POST' }, PASSES, { method: 'POST' }),
  proved(
    'a proof for the method of X-HTTP-Method-Override',
    { method: 'DELETE' },
    invalidProof('wrong_method'),
    { more: [['X-HTTP-Method-Override', 'DELETE']] },
  ),
  target('another path', ({ origin }) => `${origin}/plain/7`),
  target('the path in another case', ({ origin }) => `${origin}/Plain`),
  target('the path and a slash', ({ origin }) => `${origin}/plain/`),
  target('a path that leads there', ({ origin }) => `${origin}/x/../plain`),
  target('a path that leads there in escapes', ({ origin }) => `${origin}/x/%2e%2e/plain`),
  target('an empty segment more', ({ origin }) => `${origin}//plain`),
  target('the path behind a backslash', ({ origin }) => `${origin}\\plain`),
  target('the path without an origin', () => '/plain'),
  target('another host', ({ origin }) => `${origin.replace('127.0.0.1', 'evil.example')}/plain`),
  target(
    'another name of the host',
    ({ origin }) => `${origin.replace('127.0.0.1', 'localhost')}/plain`,
  ),
  target(
    'another number for the host',
    ({ origin }) => `${origin.replace('127.0.0.1', '2130706433')}/plain`,
  ),
  target('another port', () => 'http://127.0.0.1:1/plain'),
  target('no port', () => 'http://127.0.0.1/plain'),
  target('another scheme', ({ origin }) => `${origin.replace('http:', 'https:')}/plain`),
  target('the host in user information', ({ origin }) => `${origin}@evil.example/plain`),
  target(
    'a host behind user information',
    ({ origin }) => `${origin.replace('//', '//evil.example@')}/plain`,
  ),
  target('a tab within', ({ origin }) => `${origin}/pl\tain`),
  target('a space before', ({ origin }) => ` ${origin}/plain`),
  target('the target and a query', ({ origin }) => `${origin}/plain?x=1#y`, PASSES),
  target(
    'the scheme in another case',
    ({ origin }) => `${origin.replace('http', 'HTTP')}/plain`,
    PASSES,
  ),
  target('a letter of the path in escapes', ({ origin }) => `${origin}/%70lain`, PASSES),
  proved(
    'the host in another case',
    (scene) => ({ url: `http://LOCALHOST:${scene.stack.ports.gateway}/plain` }),
    PASSES,
    { host: 'localhost' },
  ),
  proved(
    'a proof for what X-Forwarded headers say',
    { url: 'https://api.example.com/plain' },
    invalidProof('wrong_target'),
    { more: FORWARDED },
  ),
  proved(
    'a proof for what X-Forwarded headers of a trusted proxy say, without the default port',
    { url: 'https://API.example.com/plain' },
    PASSES,
    { more: FORWARDED, from: TRUSTED_PROXY },
  ),
  proved(
    'a proof for what X-Forwarded headers of a trusted proxy say, with the default port',
    { url: 'https://api.example.com:443/plain' },
    PASSES,
    { more: FORWARDED, from: TRUSTED_PROXY },
  ),
  proved(
    'a proof for another port than X-Forwarded headers of a trusted proxy say',
    { url: 'https://api.example.com:8443/plain' },
    invalidProof('wrong_target'),
    { more: FORWARDED, from: TRUSTED_PROXY },
  ),
  ...(
    [
      ['X-Forwarded-Host', 'api.example.com, evil.example'],
      ['X-Forwarded-Proto', 'https, http'],
      ['X-Forwarded-Host', 'api.example.com?'],
      ['X-Forwarded-Host', 'evil.example'],
    ] as const
  ).map(([name, value]) =>
    proved(
      `a proof for less than ${name}: ${value} of a trusted proxy says`,
      { url: 'https://api.example.com/plain' },
      invalidProof('wrong_target'),
      {
        more: [...FORWARDED.filter(([other]) => other !== name), [name, value]],
        from: TRUSTED_PROXY,
      },
    ),
  ),
  foreign('is refused where the route has origins', 'origins', invalidProof('wrong_target')),
  foreign('is refused where the route has a resource', 'metadata', invalidProof('wrong_target')),
  foreign('finds no route where that has hosts', 'hosted', refusedByGateway(404)),
  // SECURITY.md: where nobody has said where clients reach a route, the host that the request names is believed.
  foreign('is taken where nobody has said where clients reach the route', 'plain', PASSES),
  proved('a proof for an origin of the route', {}, PASSES, { route: 'origins' }),
  proved('a proof for another origin than the resource has', {}, invalidProof('wrong_target'), {
    route: 'metadata',
  }),
  proved(
    'a proof for the origin of the resource',
    { url: 'https://api.example.com/metadata' },
    PASSES,
    { route: 'metadata', more: FORWARDED, from: TRUSTED_PROXY },
  ),
  proved('an absolute target on another host', {}, refusedWithoutChallenge('invalid_request'), {
    path: 'http://evil.example/plain',
  }),
  proved(
    'a proof for another server, in an absolute target that names it, under a host of the route',
    (scene) => ({ url: `http://evil.example:${scene.stack.ports.gateway}/hosted` }),
    refusedWithoutChallenge('invalid_request'),
    {
      route: 'hosted',
      host: '127.0.0.1',
      path: 'http://evil.example/hosted',
    },
  ),
  ...Object.entries(WHERE_THEY_LEAD).map(([path, end]) =>
    proved(
      `a request for ${path}, and a proof for ${end}`,
      ({ origin }) => ({ url: origin + end }),
      invalidProof('wrong_target'),
      { path },
    ),
  ),
  proved('an empty Host', (s) => ({ url: `${s.origin}/plain` }), refusedByGateway(), { host: '' }),
  proved(
    'a Host that would end the origin',
    ({ origin }) => ({ url: `${origin}/plain` }),
    invalidProof('wrong_target'),
    { host: '127.0.0.1?' },
  ),
  {
    name: 'a proof for plain HTTP, over TLS',
    request(scene) {
      const token = boundToken(scene);
      return { ...presenting(token, proof(scene, token, '/plain')), tls: {} };
    },
    expected: invalidProof('wrong_target'),
  },
  {
    name: 'a proof for TLS, over TLS',
    request(scene) {
      const token = boundToken(scene);
      const url = `${scene.stack.gateway.tlsUrl}/plain`;
      return { ...presenting(token, proof(scene, token, '/plain', { url })), tls: {} };
    },
    expected: PASSES,
  },
];
