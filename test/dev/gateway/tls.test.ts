import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway } from '../../../dev/gateway/start-gateway.ts';
import { sendTls, type TlsClient } from '../../../dev/story/send-tls.ts';
import { selfSignedCertificate } from '../../../dev/tls/self-signed-certificate.ts';
import { pluginEntry } from './support/plugin-info.ts';
import { request, sendRaw } from './support/raw-request.ts';
import { type Call, type ScriptedPlugin, startScriptedPlugin } from './support/scripted-plugin.ts';
import { start, type TestGateway } from './support/start.ts';
import { startUpstream, type Upstream, valuesOf } from './support/upstream.ts';
import { waitFor } from './support/wait-for.ts';

const server = selfSignedCertificate({
  commonName: 'gateway',
  names: ['127.0.0.1', 'api.example.com', 'other.example.com'],
});
const client = selfSignedCertificate({ commonName: 'client' });
const known = selfSignedCertificate({ commonName: 'known client' });
const expired = selfSignedCertificate({ commonName: 'client', notAfter: new Date('2001-01-01') });

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
  - {name: secure, paths: [/secure], protocols: [https]}
  - {name: moved, paths: [/moved], protocols: [https], https_redirect_status_code: 301}
  - {name: plain, paths: [/plain], protocols: [http]}
  - {name: named, paths: [/named], snis: [api.example.com]}
  - {name: wild, paths: [/wild], snis: ["*.example.com"]}
`,
    pluginServers: [pluginEntry(plugin.socket)],
    tls: { key: server.key, cert: server.cert, clientCa: known.cert },
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

const get = (path: string, options: Partial<TlsClient> = {}) =>
  sendTls(gateway.tlsUrl ?? '', { path }, { ca: server.cert, ...options });

/** What `kong.nginx.get_var` tells on a TLS connection. */
async function variables(names: string[], options: Partial<TlsClient> = {}) {
  calls = names.map((name) => ['kong.nginx.get_var', name]);
  await get('/r', options);
  return plugin.replies;
}

const CERTIFICATE_VARIABLES = [
  'ssl_client_verify',
  'ssl_client_escaped_cert',
  'ssl_client_raw_cert',
  'ssl_client_serial',
  'ssl_client_fingerprint',
];

describe('the TLS listener', () => {
  it('tells where it is, and there is none unless one is asked for', async () => {
    expect(gateway.tlsUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(gateway.tlsUrl).not.toContain(String(gateway.port));
    const plain = await startGateway({ config: '_format_version: "3.0"', pluginServers: [] });
    expect(plain.tlsUrl).toBeUndefined();
    await plain.stop();
  });

  it('leaves nothing behind when its port is taken', async () => {
    const { port } = new URL(gateway.tlsUrl ?? '');
    await expect(
      startGateway({
        config: '_format_version: "3.0"',
        pluginServers: [],
        tls: { ...server, port: Number(port) },
      }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('is gone after stop', async () => {
    const other = await startGateway({
      config: '_format_version: "3.0"',
      pluginServers: [],
      tls: server,
    });
    const ask = () => sendTls(other.tlsUrl ?? '', { path: '/' }, { ca: server.cert });
    expect((await ask()).status).toBe(404);
    await other.stop();
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
  });

  it('drops a client that speaks no TLS, and serves the next one', async () => {
    const { port } = new URL(gateway.tlsUrl ?? '');
    const answer = sendRaw(Number(port), request('GET /r'));
    expect((await answer.catch(() => ({ status: 0 }))).status).toBe(0);
    expect((await get('/r')).status).toBe(200);
  });
});

describe('what a plugin is told of a TLS connection', () => {
  it('is its scheme, port and protocol', async () => {
    const { port } = new URL(gateway.tlsUrl ?? '');
    calls = [
      ['kong.request.get_scheme'],
      ['kong.request.get_port'],
      ['kong.request.get_forwarded_scheme'],
      ['kong.request.get_forwarded_host'],
      ['kong.request.get_forwarded_port'],
      ['kong.client.get_protocol'],
      ['kong.nginx.get_tls1_version_str'],
      ...['scheme', 'https', 'server_port', 'ssl_protocol', 'ssl_cipher'].map(
        (name): Call => ['kong.nginx.get_var', name],
      ),
    ];
    await get('/r');
    expect(plugin.replies).toEqual([
      ...['https', Number(port), 'https', '127.0.0.1', Number(port), 'https', 'TLSv1.3'],
      ...['https', 'on', port, 'TLSv1.3', expect.stringMatching(/^TLS_/)],
    ]);
  });

  it('goes on to the upstream', async () => {
    const { port } = new URL(gateway.tlsUrl ?? '');
    await get('/r');
    expect(valuesOf(upstream.seen[0], 'x-forwarded-proto')).toEqual(['https']);
    expect(valuesOf(upstream.seen[0], 'x-forwarded-port')).toEqual([port]);
  });

  it('is NONE of a client without certificate', async () => {
    expect(await variables(CERTIFICATE_VARIABLES)).toEqual([
      'NONE',
      ...[undefined, undefined, undefined, undefined],
    ]);
  });

  it('is the certificate of a client that nobody vouches for, escaped as nginx escapes it', async () => {
    const [verify, escaped, raw, serial, fingerprint] = await variables(
      CERTIFICATE_VARIABLES,
      client,
    );
    expect(verify).toBe('FAILED:self-signed certificate');
    expect(escaped).toMatch(
      /^-----BEGIN%20CERTIFICATE-----%0A(?:[\w.~-]|%2B|%2F|%3D|%0A)+-----END/,
    );
    expect(escaped).toMatch(/-----END%20CERTIFICATE-----%0A$/);
    expect(decodeURIComponent(String(escaped))).toBe(client.cert);
    const parsed = new X509Certificate(client.cert);
    expect(raw).toBe(client.cert);
    expect(serial).toBe(parsed.serialNumber);
    expect(fingerprint).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is SUCCESS of a client that is vouched for', async () => {
    expect(await variables(['ssl_client_verify'], known)).toEqual(['SUCCESS']);
  });

  it('is the certificate again when a session is resumed', async () => {
    calls = ['ssl_session_reused', 'ssl_client_verify', 'ssl_client_escaped_cert'].map((name) => [
      'kong.nginx.get_var',
      name,
    ]);
    const agent = new TlsAgent({ ca: server.cert, cert: client.cert, key: client.key });
    for (let count = 0; count < 2; count += 1) {
      // The agent keeps the session, and a new connection resumes it.
      const outgoing = httpsRequest(`${gateway.tlsUrl}/r`, {
        agent,
        headers: { connection: 'close' },
      });
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      await once(response.resume(), 'close');
    }
    agent.destroy();
    const certificate = ['FAILED:self-signed certificate', encodeURIComponent(client.cert)];
    expect(plugin.replies).toEqual(['.', ...certificate, 'r', ...certificate]);
  });

  it('is the chain in the words of the PDK', async () => {
    calls = [['kong.client.tls.get_full_client_certificate_chain']];
    await get('/r', client);
    await get('/r');
    expect(plugin.replies).toEqual([client.cert, undefined]);
  });

  it('is the name that the client asked for', async () => {
    const name = await variables(['ssl_server_name'], { servername: 'api.example.com' });
    expect(name).toEqual(['api.example.com']);
  });

  it('is an error where nginx would know and this gateway does not', async () => {
    calls = [['kong.nginx.get_var', 'ssl_client_s_dn']];
    expect((await get('/r', client)).status).toBe(500);
    expect(await variables(['ssl_nobody_knows'])).toEqual([undefined]);
  });

  it('is nothing on a connection without TLS, whatever its headers say', async () => {
    calls = ['https', 'scheme', 'ssl_protocol', 'ssl_client_s_dn', ...CERTIFICATE_VARIABLES].map(
      (name) => ['kong.nginx.get_var', name],
    );
    await sendRaw(
      gateway.port,
      request('GET /r', [
        ['ssl-client-escaped-cert', encodeURIComponent(client.cert)],
        ['ssl_client_verify', 'SUCCESS'],
        ['X-Forwarded-Proto', 'https'],
      ]),
    );
    expect(plugin.replies.slice(0, 2)).toEqual(['', 'http']);
    expect(plugin.replies.slice(2).filter((value) => value !== undefined)).toEqual([]);
    expect(plugin.replies).toHaveLength(calls.length);
  });

  it('is in the log entry', async () => {
    await get('/r/logged', client);
    await sendRaw(gateway.port, request('GET /r/logged'));
    const logged = () =>
      gateway.entries
        .map((entry) => Object(entry.request))
        .filter(({ uri }) => uri === '/r/logged');
    await waitFor(() => logged().length === 2, 'the log entries');
    const [secure, plain] = logged();
    expect(secure).toMatchObject({
      url: `${gateway.tlsUrl}/r/logged`,
      tls: {
        version: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_/),
        client_verify: 'FAILED:self-signed certificate',
      },
    });
    expect(plain).not.toHaveProperty('tls');
  });
});

describe('a client certificate with more wrong about it than its origin', () => {
  it('is refused by nginx itself, before any plugin', async () => {
    calls = [['kong.request.get_method']];
    const answer = await get('/r', expired);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers.connection).toBe('close');
    expect(answer.body).toContain('<center>The SSL certificate error</center>');
    expect(plugin.replies).toEqual([]);
    expect(upstream.seen).toEqual([]);
  });
});

describe('routes', () => {
  it('that demand TLS are reached over TLS only', async () => {
    expect((await get('/secure')).status).toBe(200);
    const refused = await sendRaw(gateway.port, request('GET /secure'));
    expect([refused.status, refused.header('upgrade')]).toEqual([426, 'TLS/1.2, HTTP/1.1']);
    const moved = await sendRaw(gateway.port, request('GET /moved?x'));
    expect([moved.status, moved.header('location')]).toEqual([301, 'https://localhost/moved?x']);
  });

  it('that name only http are reached over both', async () => {
    expect((await get('/plain')).status).toBe(200);
    expect((await sendRaw(gateway.port, request('GET /plain'))).status).toBe(200);
  });

  it.each([
    ['/named', 'api.example.com', 200],
    ['/named', 'other.example.com', 404],
    ['/named', undefined, 404],
    ['/wild', 'other.example.com', 200],
    ['/wild', undefined, 404],
  ])('that name a server are chosen by it: %s for %s is %i', async (path, servername, status) => {
    expect((await get(path, { servername })).status).toBe(status);
  });

  it('that name a server do not ask for it without TLS', async () => {
    expect((await sendRaw(gateway.port, request('GET /named'))).status).toBe(200);
  });
});
