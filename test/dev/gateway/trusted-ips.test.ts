import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HeaderList } from '../../../dev/gateway/http/header-list.ts';
import { remoteAddress } from '../../../dev/gateway/http/remote-address.ts';
import { TrustedIps } from '../../../dev/gateway/http/trusted-ips.ts';
import { startGateway } from '../../../dev/gateway/start-gateway.ts';
import { sendTls } from '../../../dev/story/send-tls.ts';
import { selfSignedCertificate } from '../../../dev/tls/self-signed-certificate.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { type Call, type ScriptedPlugin, startScriptedPlugin } from './support/scripted-plugin.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

type Headers = [string, string][];

describe('TrustedIps', () => {
  it.each([
    [[], '127.0.0.1', false],
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.1.2.3/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['2001:db8::/32'], '2001:DB8:1::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['::1'], '::1', true],
    [['unix:'], '127.0.0.1', false],
    [['127.0.0.0/8'], 'not an address', false],
    [['0.0.0.0/0', '::/0'], 'not an address', true],
  ])('of %j say of %s: %s', (entries, ip, expected) => {
    expect(new TrustedIps(entries).has(ip)).toBe(expected);
  });

  it.each(['localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '', '10.0.0/8'])(
    'are refused in Kong’s words where one is %j',
    async (entry) => {
      const options = { config: '_format_version: "3.0"', pluginServers: [], trustedIps: [entry] };
      await expect(startGateway(options)).rejects.toThrow(
        `trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '${entry}'`,
      );
    },
  );
});

describe('remoteAddress', () => {
  const PEER = { ip: '127.0.0.1', port: 4000 };
  const of = (headers: Headers, trusted = ['127.0.0.0/8']) =>
    remoteAddress(PEER, new HeaderList(headers), new TrustedIps(trusted));

  it.each([
    ['203.0.113.9', { ip: '203.0.113.9', port: undefined }],
    ['203.0.113.9:8080', { ip: '203.0.113.9', port: 8080 }],
    ['[2001:DB8:0::1]:8080', { ip: '2001:db8::1', port: 8080 }],
    ['2001:DB8:0::1', { ip: '2001:db8::1', port: undefined }],
    ['198.51.100.1, 203.0.113.9', { ip: '203.0.113.9', port: undefined }],
    ['198.51.100.1 203.0.113.9 , ', { ip: '203.0.113.9', port: undefined }],
    ['203.0.113.9, unknown', PEER],
    ['203.0.113.9:0', PEER],
    ['203.0.113.9:65536', PEER],
    ['203.0.113.999', PEER],
    ['[2001:db8::1]', PEER],
    ['', PEER],
  ])('reads X-Real-IP: %s', (value, expected) => {
    expect(of([['X-Real-IP', value]])).toEqual(expected);
  });

  it('takes the first of several headers, and none of a similar name', () => {
    const two: Headers = [
      ['x-real-ip', '203.0.113.9'],
      ['X-Real-IP', '203.0.113.10'],
    ];
    expect(of(two)).toMatchObject({ ip: '203.0.113.9' });
    expect(of([['x_real_ip', '203.0.113.9']])).toEqual(PEER);
  });

  it('does not believe a peer that is not trusted', () => {
    expect(of([['X-Real-IP', '203.0.113.9']], ['10.0.0.0/8'])).toEqual(PEER);
  });
});

const server = selfSignedCertificate({ commonName: 'gateway', names: ['127.0.0.1'] });
let upstream: Upstream;
let plugin: ScriptedPlugin;
let gateway: TestGateway;
let calls: Call[] = [];

beforeAll(async () => {
  upstream = await startUpstream();
  plugin = await startScriptedPlugin({ access: () => calls });
  gateway = await start({
    config: `
_format_version: "3.0"
services:
- name: up
  url: http://127.0.0.1:${upstream.port}
  routes:
  - {name: r, paths: [/r], plugins: [{name: probe}]}
  - {name: secure, paths: [/secure], protocols: [https], https_redirect_status_code: 308}
`,
    pluginServers: [pluginEntry(plugin.socket)],
    trustedIps: ['127.0.0.0/8'],
    tls: server,
  });
});

afterAll(async () => {
  await gateway.stop();
  await plugin.stop();
  await upstream.stop();
});

beforeEach(() => {
  upstream.seen.length = 0;
  plugin.replies.length = 0;
  calls = [];
});

const get = (headers: Headers, path = '/r') =>
  sendRaw(gateway.port, request(`GET ${path}`, headers));

async function ask(call: Call, headers: Headers = []): Promise<unknown> {
  calls = [call];
  await get(headers);
  return plugin.replies[0];
}

describe('what a trusted peer says of the scheme', () => {
  it.each<[string, Headers, string]>([
    ['as it stands', [['X-Forwarded-Proto', 'https']], 'https'],
    ['in lower case', [['X-Forwarded-Proto', 'HTTPS']], 'https'],
    ['whatever it is', [['X-Forwarded-Proto', 'gopher']], 'gopher'],
    ['a list being no scheme', [['X-Forwarded-Proto', 'https, http']], 'https, http'],
    [
      'the first of two headers',
      [
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Proto', 'http'],
      ],
      'https',
    ],
    ['with an underscore, too', [['X_Forwarded_Proto', 'https']], 'https'],
    ['being empty', [['X-Forwarded-Proto', '']], ''],
    ['and without a word, what Kong sees', [], 'http'],
  ])('counts, %s', async (_, headers, expected) => {
    expect(await ask(['kong.request.get_forwarded_scheme'], headers)).toBe(expected);
    plugin.replies.length = 0;
    expect(await ask(['kong.request.get_scheme'], headers)).toBe('http');
  });

  it('counts on a TLS connection as well', async () => {
    calls = [['kong.request.get_forwarded_scheme'], ['kong.request.get_scheme']];
    const sent = { path: '/r', headers: { 'x-forwarded-proto': 'http' } };
    await sendTls(gateway.tlsUrl ?? '', sent, { ca: server.cert });
    expect(plugin.replies).toEqual(['http', 'https']);
  });

  it('opens a route that demands TLS', async () => {
    expect((await get([['X-Forwarded-Proto', 'https']], '/secure')).status).toBe(200);
    expect((await get([], '/secure')).status).toBe(308);
    const moved = await get([['X-Forwarded-Host', 'api.example.com:8443']], '/secure');
    expect(moved.header('location')).toBe('https://api.example.com:8443/secure');
  });

  it.each<[string, boolean, string | undefined]>([
    ['https', true, 'https'],
    ['https', false, 'http'],
    ['http', true, 'http'],
    ['https, http', true, undefined],
  ])(
    'decides the protocol: %s, with TLS ended before allowed %s, is %s',
    async (proto, allowed, protocol) => {
      const call: Call = ['kong.client.get_protocol', allowed];
      expect(await ask(call, [['X-Forwarded-Proto', proto]])).toBe(protocol);
    },
  );
});

describe('what a trusted peer says of the host', () => {
  it.each([
    ['API.example.com', 'api.example.com'],
    ['api.example.com:8443', 'api.example.com'],
    ['user:pw@api.example.com:8443', 'api.example.com'],
    ['a.example.com, b.example.com', 'a.example.com, b.example.com'],
    ['[2001:db8::1]:8443', '[2001'],
    ['', ''],
  ])('is cut down as Kong does it: %s is %s', async (header, expected) => {
    const headers: Headers = [['X-Forwarded-Host', header]];
    expect(await ask(['kong.request.get_forwarded_host'], headers)).toBe(expected);
  });

  it('is the Host header where it says nothing', async () => {
    expect(await ask(['kong.request.get_forwarded_host'])).toBe('localhost');
  });
});

describe('what a trusted peer says of the port', () => {
  it.each<[Headers, number | undefined]>([
    [[['X-Forwarded-Port', '8443']], 8443],
    [[['X-Forwarded-Port', ' 8443 ']], 8443],
    [[['X-Forwarded-Port', '0']], undefined],
    [[['X-Forwarded-Port', '65536']], undefined],
    [[['X-Forwarded-Port', '8443, 80']], undefined],
    [[['X-Forwarded-Port', 'https']], undefined],
    [[['X-Forwarded-Port', '']], undefined],
    [[['X-Forwarded-Host', 'api.example.com:8443']], 8443],
    [[['X-Forwarded-Host', 'user:1@api.example.com:8443']], 8443],
    [[['X-Forwarded-Host', 'api.example.com']], undefined],
    [
      [
        ['X-Forwarded-Port', 'none'],
        ['X-Forwarded-Host', 'api.example.com:8443'],
      ],
      8443,
    ],
    [
      [
        ['X-Forwarded-Port', '8444'],
        ['X-Forwarded-Host', 'api.example.com:8443'],
      ],
      8444,
    ],
    [[['X-Forwarded-Proto', 'https']], undefined],
  ])('counts where it is a port: %j', async (headers, expected) => {
    const port = await ask(['kong.request.get_forwarded_port'], headers);
    expect(port).toBe(expected ?? gateway.port);
  });
});

describe('what a trusted peer says of the path', () => {
  it('counts as it stands', async () => {
    const headers: Headers = [
      ['X-Forwarded-Path', '/a/../b'],
      ['X-Forwarded-Prefix', '/before'],
    ];
    expect(await ask(['kong.request.get_forwarded_path'], headers)).toBe('/a/../b');
    plugin.replies.length = 0;
    expect(await ask(['kong.request.get_forwarded_prefix'], headers)).toBe('/before');
  });

  it('is what Kong sees where it says nothing', async () => {
    calls = [['kong.request.get_forwarded_path'], ['kong.request.get_forwarded_prefix']];
    await get([], '/r/a/../b');
    expect(plugin.replies).toEqual(['/r/b', '/r']);
  });
});

describe('what a trusted peer says of the client', () => {
  const told: Headers = [
    ['X-Real-IP', '203.0.113.9:4711'],
    ['X-Forwarded-For', '198.51.100.1'],
  ];

  it('is the forwarded address, and the peer stays what it is', async () => {
    calls = [
      ['kong.client.get_forwarded_ip'],
      ['kong.client.get_forwarded_port'],
      ['kong.nginx.get_var', 'remote_addr'],
      ['kong.client.get_ip'],
      ['kong.nginx.get_var', 'realip_remote_addr'],
    ];
    await get(told);
    expect(plugin.replies).toEqual([
      ...['203.0.113.9', 4711, '203.0.113.9'],
      ...['127.0.0.1', '127.0.0.1'],
    ]);
  });

  it('has no port where none is told', async () => {
    calls = [['kong.client.get_forwarded_port'], ['kong.nginx.get_var', 'remote_port']];
    await get([['X-Real-IP', '203.0.113.9']]);
    expect(plugin.replies).toEqual([undefined, '']);
  });

  it('is in the log entry', async () => {
    await get(told, '/r/logged');
    const logged = () =>
      gateway.entries.find(({ request }) => Object(request).uri === '/r/logged')?.client_ip;
    await waitFor(() => logged() !== undefined, 'the log entry');
    expect(logged()).toBe('203.0.113.9');
  });
});

describe('kong.ip.is_trusted', () => {
  it.each([
    ['127.1.2.3', true],
    ['10.0.0.1', false],
    ['nonsense', false],
  ])('says of %s: %s', async (ip, expected) => {
    expect(await ask(['kong.ip.is_trusted', ip])).toBe(expected);
  });
});

describe('the upstream of a gateway with trusted peers', () => {
  const FORWARDED = ['for', 'proto', 'host', 'port', 'path', 'prefix'];
  const seen = () => [
    ...FORWARDED.map((name) => valuesOf(upstream.seen[0], `x-forwarded-${name}`)),
    valuesOf(upstream.seen[0], 'x-real-ip'),
  ];

  it('is told what they say', async () => {
    await get([
      ['X-Forwarded-For', '198.51.100.1'],
      ['X-Forwarded-For', '198.51.100.2'],
      ['X-Forwarded-Proto', 'HTTPS'],
      ['X-Forwarded-Host', 'API.example.com:8443'],
      ['X-Forwarded-Port', '8443'],
      ['X-Forwarded-Path', '/told'],
      ['X-Forwarded-Prefix', '/before'],
      ['X-Real-IP', '203.0.113.9'],
    ]);
    expect(seen()).toEqual([
      ['198.51.100.1, 127.0.0.1'],
      ...[['HTTPS'], ['API.example.com:8443'], ['8443'], ['/told'], ['/before']],
      ['203.0.113.9'],
    ]);
  });

  it('is told what the gateway sees where they say nothing', async () => {
    await get([['X-Real-IP', '203.0.113.9']], '/r/x');
    expect(seen()).toEqual([
      ['203.0.113.9'],
      ...[['http'], ['localhost'], [String(gateway.port)], ['/r/x'], ['/r']],
      ['203.0.113.9'],
    ]);
  });

  it('is told what came, even where a plugin has changed it since', async () => {
    calls = [
      ['kong.service.request.clear_header', 'X-Forwarded-For'],
      ['kong.service.request.set_header', 'X-Forwarded-Proto', 'gopher'],
    ];
    await get([
      ['X-Forwarded-For', '198.51.100.1'],
      ['X-Forwarded-Proto', 'https'],
    ]);
    expect(seen().slice(0, 2)).toEqual([['198.51.100.1, 127.0.0.1'], ['https']]);
  });
});
