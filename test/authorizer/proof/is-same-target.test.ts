import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameTarget } from '../../../src/authorizer/proof/is-same-target.ts';
import { anyText } from './support.ts';

const URL = 'https://api.example.com/tasks/7';

describe('one target', () => {
  it.each([
    [URL, URL],
    ['HTTPS://API.Example.COM/tasks/7', URL],
    ['https://api.example.com:443/tasks/7', URL],
    ['https://api.example.com:/tasks/7', URL],
    ['http://api.example.com', 'http://api.example.com:80/'],
    ['http://api.example.com:443/', 'http://API.example.com:443/'],
    ['https://api.example.com?a=1', 'https://api.example.com/'],
    [`${URL}?page=2`, URL],
    [`${URL}#top`, URL],
    [`${URL}?a=/../b#c?d`, `${URL}?e=%zz`],
    ['https://api.example.com/%74asks/%37', URL],
    ['https://api.example.com/a%2Db%2eC%5F%7e', 'https://api.example.com/a-b.C_~'],
    ['https://api.example.com/%c3%a9%2f', 'https://api.example.com/%C3%A9%2F'],
    ['https://[2001:DB8::1]:443/', 'https://[2001:db8::1]/'],
    ['https://api.example.com/a|b[0]^"{}', 'https://api.example.com/a|b[0]^"{}'],
    ['https://api.example.com/tasks:run;v=1,2/@me', 'https://api.example.com/tasks:run;v=1,2/@me'],
    ['https://api.example.com/..a/.../b..', 'https://api.example.com/..a/.../b..'],
  ])('%s is that of %s', (htu, url) => {
    expect(isSameTarget(htu, url)).toBe(true);
    expect(isSameTarget(url, htu)).toBe(true);
  });
});

describe('two targets', () => {
  const root = 'https://api.example.com/';

  it.each([
    ['a path', 'https://api.example.com/tasks/8', URL],
    ['the case of a path', 'https://api.example.com/Tasks/7', URL],
    ['a slash at the end', `${URL}/`, URL],
    ['an empty segment', 'https://api.example.com//tasks/7', URL],
    ['a scheme', 'http://api.example.com/', root],
    ['a scheme on one port', 'http://api.example.com:443/', 'https://api.example.com:443/'],
    ['a port', 'https://api.example.com:8443/', root],
    ['a host', 'https://api.example.org/', root],
    ['a dot after the host', 'https://api.example.com./', root],
    ['an encoded slash', 'https://api.example.com/a%2Fb', 'https://api.example.com/a/b'],
    ['an encoded question mark', 'https://api.example.com/a%3Fb', 'https://api.example.com/a?b'],
    ['an encoded delimiter', 'https://api.example.com/a%3Bb', 'https://api.example.com/a;b'],
    ['a double encoding', 'https://api.example.com/%2561', 'https://api.example.com/%61'],
    ['a plus sign', 'https://api.example.com/a+b', 'https://api.example.com/a%20b'],
    ['one address in two notations', 'https://[::1]/', 'https://[0:0:0:0:0:0:0:1]/'],
  ])('differ in %s', (_what, htu, url) => {
    expect(isSameTarget(htu, htu)).toBe(true);
    expect(isSameTarget(htu, url)).toBe(false);
    expect(isSameTarget(url, htu)).toBe(false);
  });
});

describe('no target', () => {
  it.each([
    ['nothing', ''],
    ['a path', '/tasks/7'],
    ['no scheme', '//api.example.com/tasks/7'],
    ['another scheme', 'wss://api.example.com/tasks/7'],
    ['a scheme that is longer', 'httpsx://api.example.com/tasks/7'],
    ['one slash', 'https:/api.example.com/tasks/7'],
    ['three slashes', 'https:///api.example.com/tasks/7'],
    ['no host', 'https://:443/tasks/7'],
    ['backslashes before the host', 'https:\\\\api.example.com/tasks/7'],
    ['user information', 'https://user@api.example.com/tasks/7'],
    ['a password', 'https://user:password@api.example.com/tasks/7'],
    ['empty user information', 'https://@api.example.com/tasks/7'],
    ['an encoded host', 'https://api%2eexample.com/tasks/7'],
    ['a host that is not ASCII', 'https://äpi.example.com/tasks/7'],
    ['a host with a backslash', 'https://api.example.com\\@evil.example/tasks/7'],
    ['an unclosed address', 'https://[::1/tasks/7'],
    ['something after an address', 'https://[::1]x/tasks/7'],
    ['an address zone', 'https://[fe80::1%25eth0]/tasks/7'],
    ['a port that is no number', 'https://api.example.com:x/tasks/7'],
    ['port 0', 'https://api.example.com:0/tasks/7'],
    ['a port with a zero before it', 'https://api.example.com:0443/tasks/7'],
    ['a port of six digits', 'https://api.example.com:100443/tasks/7'],
    ['two ports', 'https://api.example.com:443:443/tasks/7'],
    ['a dot segment', 'https://api.example.com/./tasks/7'],
    ['a dot segment that climbs', 'https://api.example.com/a/../tasks/7'],
    ['a dot segment at the end', 'https://api.example.com/tasks/7/.'],
    ['a climb at the end', 'https://api.example.com/tasks/7/x/..'],
    ['an encoded dot segment', 'https://api.example.com/a/%2e%2E/tasks/7'],
    ['a half-encoded dot segment', 'https://api.example.com/a/.%2e/tasks/7'],
    ['a backslash', 'https://api.example.com/tasks\\7'],
    ['a tab', 'https://api.example.com/tasks/\t7'],
    ['a line break', 'https://api.example.com/tasks\n/7'],
    ['a line break in the scheme', 'ht\ntps://api.example.com/tasks/7'],
    ['a line break at the end', 'https://api.example.com/tasks/7\n'],
    ['a space before it', ' https://api.example.com/tasks/7'],
    ['a space in it', 'https://api.example.com/tasks/ 7'],
    ['a zero byte', 'https://api.example.com/tasks/7\0'],
    ['a path that is not ASCII', 'https://api.example.com/é'],
    ['a byte that was damaged on its way', 'https://api.example.com/\ufffd'],
    ['a bare percent sign', 'https://api.example.com/100%'],
    ['a percent-encoding of no hex digits', 'https://api.example.com/%zz'],
    ['a percent-encoding made of another', 'https://api.example.com/%2%35'],
  ])('is %s, not even the same as itself', (_what, text) => {
    expect(isSameTarget(text, text)).toBe(false);
    expect(isSameTarget(text, URL)).toBe(false);
    expect(isSameTarget(URL, text)).toBe(false);
  });
});

describe('over all texts', () => {
  /** Few pieces, so that two texts often mean the same. */
  const piece = fc.constantFrom(
    ...['a', 'A', '%61', '%41', '.', '%2e', '/', '%2F', '%2f', '~', '%7E', '%25', '%'],
    ...['\\', '..', '//', '?q', '#f', ';', '\t', '@', ':'],
  );
  const path = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
  const scheme = fc.constantFrom('http', 'https', 'HTTPS', 'ftp');
  const host = fc.constantFrom('h', 'H', 'h.example', '[::1]', 'u@h', '');
  const port = fc.constantFrom('', ':', ':80', ':443', ':0443', ':8443');
  const text = fc
    .tuple(scheme, host, port, fc.constantFrom('', '/'), path)
    .map(([first, second, third, slash, rest]) => `${first}://${second}${third}${slash}${rest}`);

  it('it is an equivalence on what it accepts', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(isSameTarget(a, b)).toBe(isSameTarget(b, a));
        if (!isSameTarget(a, b)) return;
        expect(isSameTarget(a, a) && isSameTarget(b, b)).toBe(true);
        if (isSameTarget(b, c)) expect(isSameTarget(a, c)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('it never takes for one what a browser takes for two', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        if (!isSameTarget(a, b)) return;
        const [one, other] = [a, b].map((each) => {
          const { protocol, host, pathname } = new globalThis.URL(each);
          return [protocol, host, decodeUnreserved(pathname)];
        });
        expect(one).toEqual(other);
      }),
      { numRuns: 5000 },
    );
  });

  it('it has an answer for any text at all', () => {
    fc.assert(
      fc.property(anyText, (rest) => {
        expect(isSameTarget(`https://h/${rest}`, 'https://h/')).toBe(/^(?:[?#]|$)/.test(rest));
        expect(isSameTarget(rest, URL)).toBe(false);
      }),
    );
  });
});

/** Which a browser does not do. */
function decodeUnreserved(path: string): string {
  return path
    .replace(/%[0-9a-f]{2}/gi, (encoded) => encoded.toUpperCase())
    .replace(/%(?:41|61|7E)/g, (encoded) => decodeURIComponent(encoded));
}
