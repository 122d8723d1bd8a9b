import { describe, expect, it } from 'vitest';
import { isSameTarget } from '../../../src/authorizer/proof/is-same-target.ts';
import { requestUrl } from '../../../src/authorizer/proof/request-url.ts';

const ORIGIN = 'https://api.example.com:443';

describe('requestUrl', () => {
  it.each([
    [ORIGIN, '/tasks/7', 'https://api.example.com/tasks/7'],
    [ORIGIN, '/tasks/7?page=2', 'https://api.example.com/tasks/7'],
    [ORIGIN, '/', 'https://api.example.com'],
    [ORIGIN, '//evil.example/tasks', 'https://api.example.com//evil.example/tasks'],
    [ORIGIN, '/@evil.example', 'https://api.example.com/@evil.example'],
    ['http://localhost:8000', '/tasks', 'http://localhost:8000/tasks'],
    ['http://my_service.internal:80', '/', 'http://my_service.internal/'],
    ['http://[::1]:8000', '/tasks', 'http://[::1]:8000/tasks'],
  ])(
    'makes of %s and %s the URL that a proof names as %s',
    (forwarded_origin, request_uri, htu) => {
      const url = requestUrl({ forwarded_origin, request_uri });
      expect(isSameTarget(htu, url ?? '')).toBe(true);
    },
  );

  it.each([
    ['a host that begins a query', 'https://api.example.com?:443'],
    ['a host that begins a path', 'https://api.example.com/public:443'],
    ['a host that begins a fragment', 'https://api.example.com#:443'],
    ['a host with a backslash', 'https://api.example.com\\:443'],
    ['a host with user information', 'https://api.example.com@evil.example:443'],
    ['a host with a port of its own', 'https://api.example.com:8443:443'],
    ['a host with a line break', 'https://api.example.com\n:443'],
    ['an encoded host', 'https://api%2eexample.com:443'],
    ['no host', 'https://:443'],
    ['no port', 'https://api.example.com'],
    ['a port that is no number', 'https://api.example.com:https'],
    ['no scheme', 'api.example.com:443'],
    ['another scheme', 'grpcs://api.example.com:443'],
    ['two schemes', 'https, http://api.example.com:443'],
    ['something before the scheme', 'xhttps://api.example.com:443'],
    ['something after the port', 'https://api.example.com:443/'],
  ])('makes none of %s', (_what, forwarded_origin) => {
    expect(requestUrl({ forwarded_origin, request_uri: '/tasks' })).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['an asterisk', '*'],
    ['an absolute form', 'http://api.example.com/tasks'],
    ['an authority', 'api.example.com:443'],
    ['a port that goes on', '1/tasks'],
    ['a host that goes on', '.evil.example/tasks'],
    ['a query alone', '?tasks'],
    ['a fragment', '/tasks#/../admin'],
    ['a fragment in its query', '/tasks?a#b'],
    ['a backslash at its start', '\\tasks'],
  ])('makes none of a request target that is %s', (_what, request_uri) => {
    expect(requestUrl({ forwarded_origin: ORIGIN, request_uri })).toBeNull();
  });

  it.each([['/public/../admin'], ['/public/%2e%2e/admin'], ['/admin\\'], ['/admin\t']])(
    'leaves %j to the comparison, which no proof survives',
    (request_uri) => {
      const url = requestUrl({ forwarded_origin: ORIGIN, request_uri }) ?? '';
      for (const htu of [url, `${ORIGIN}/admin`, `${ORIGIN}${request_uri}`]) {
        expect(isSameTarget(htu, url)).toBe(false);
      }
    },
  );
});
