import { describe, expect, it } from 'vitest';
import type { RequestNeeds } from '../../src/core/request.ts';
import type { KongPdk } from '../../src/kong/pdk.ts';
import { readFacts } from '../../src/kong/read-facts.ts';
import { type FakeRequest, fakeKong, fakePipelinedKong } from './fake-kong.ts';

const SIGNAL = new AbortController().signal;
const HOSTS = [
  ['our plugin server', fakePipelinedKong],
  ['the stock plugin server', fakeKong],
] as const;

function needing(changes: Partial<RequestNeeds>): RequestNeeds {
  return { attributes: [], headers: [], handoff: [], ...changes };
}

async function factsOf(kong: KongPdk, needs: RequestNeeds) {
  const reading = await readFacts(kong, needs, SIGNAL);
  if ('refusal' in reading) throw new Error('refused');
  return reading.facts;
}

/** Headers in the form of either host. */
function withHeaders(headers: Record<string, string>, more: FakeRequest = {}): FakeRequest {
  const variables = Object.entries(headers).map(([name, value]) => [
    `http_${name.replaceAll('-', '_')}`,
    value,
  ]);
  return { ...more, headers, variables: { ...Object.fromEntries(variables), ...more.variables } };
}

describe.each(HOSTS)('the facts of a request, over %s', (_host, fake) => {
  it('tell scheme, host and port as the client addressed them', async () => {
    const { kong } = fake();
    const facts = await factsOf(kong, needing({ attributes: ['forwarded_origin', 'peer_ip'] }));
    expect(facts).toMatchObject({
      forwarded_origin: 'https://api.example.com:443',
      peer_ip: '192.0.2.1',
    });
  });

  it.each([
    ['no scheme', 'getForwardedScheme', '', '://api.example.com:443'],
    ['no host', 'getForwardedHost', undefined, 'https://:443'],
    ['no port', 'getForwardedPort', null, 'https://api.example.com:'],
  ] as const)('have an origin that is none where Kong gives %s', async (_, name, value, origin) => {
    const { kong } = fake();
    kong.request[name] = async () => value;
    const facts = await factsOf(kong, needing({ attributes: ['forwarded_origin'] }));
    expect(facts.forwarded_origin).toBe(origin);
  });

  it.each([
    'gateway.example',
    'Gateway.EXAMPLE',
    'gateway.example.',
    'gateway.example:8000',
    'GATEWAY.example.:443',
    '',
  ])('tell the host where the Host header is of the same: %j', async (http_host) => {
    const { kong } = fake({ variables: { http_host } });
    expect(await factsOf(kong, needing({ attributes: ['host'] }))).toMatchObject({
      host: 'gateway.example',
    });
  });

  it.each(['admin.example', 'gateway.example.evil.example', 'gateway.example:80:80', '[::1]:80'])(
    'are not told where target and Host header name two hosts: %s',
    async (http_host) => {
      for (const attribute of ['host', 'forwarded_origin'] as const) {
        const { kong } = fake({ variables: { http_host } });
        const reading = await readFacts(kong, needing({ attributes: [attribute] }), SIGNAL);
        expect(reading).toMatchObject({ refusal: { code: 'invalid_request' } });
      }
    },
  );

  it.each([
    [{}, 'none'],
    [{ preserve_host: false, hosts: ['a.example'] }, 'none'],
    [{ preserve_host: true }, 'any'],
    [{ preserve_host: true, hosts: [] }, 'any'],
    [{ preserve_host: true, hosts: ['a.example', 'b.example:8000'] }, 'named'],
    [{ preserve_host: true, hosts: ['a.example', '*.run.app'] }, 'any'],
    [{ preserve_host: true, hosts: ['a.example', 'b.*'] }, 'any'],
    [{ preserve_host: true, hosts: ['b.*:8000'] }, 'any'],
  ])('tell which Host the upstream may get: %j', async (route, preserved_host) => {
    const { kong } = fake({ route: { id: 'r', ...route } });
    const facts = await factsOf(kong, needing({ attributes: ['preserved_host'] }));
    expect(facts.preserved_host).toBe(preserved_host);
  });

  it.each([
    ['a certificate', { ssl_client_escaped_cert: '-----BEGIN' }, '-----BEGIN'],
    ['none', {}, ''],
  ])('tell the certificate of the connection: %s', async (_, variables, client_certificate) => {
    const { kong } = fake({ variables });
    const facts = await factsOf(kong, needing({ attributes: ['client_certificate'] }));
    expect(facts.client_certificate).toBe(client_certificate);
  });

  it.each([
    ['text', 'abc', { text: 'abc' }],
    ['text that was decoded from UTF-8', 'ü€', { text: 'Ã¼â\u0082¬' }],
    ['text that was damaged by it', 'a\ufffd', { problem: 'unreadable' }],
    ['bytes', Buffer.from([0x61, 0xff]), { text: 'a\u00ff' }],
    ['nothing that can be read', undefined, { problem: 'unreadable' }],
  ])('tell the body: %s', async (_, body, raw_body) => {
    const { kong } = fake({ body });
    expect((await factsOf(kong, needing({ attributes: ['raw_body'] }))).raw_body).toEqual(raw_body);
  });

  it('say so where Kong holds the body in a file', async () => {
    const { kong } = fake({}, { get_raw_body: new Error('in a file') });
    const facts = await factsOf(kong, needing({ attributes: ['raw_body'] }));
    expect(facts.raw_body).toEqual({ problem: 'unreadable' });
  });

  it('hold what a header asks for where it is there', async () => {
    const { kong } = fake(withHeaders({ dpop: 'x' }, { method: 'GET' }));
    const needs = needing({
      headers: ['dpop'],
      with_header: { header: 'dpop', attributes: ['method'] },
    });
    expect(await factsOf(kong, needs)).toMatchObject({ headers: { dpop: 'x' }, method: 'GET' });
  });
});

describe('what only a header asks for', () => {
  const needs = needing({
    headers: ['dpop'],
    with_header: { header: 'dpop', attributes: ['method'] },
  });

  it('is not fetched without it where each fetch is a round trip', async () => {
    const { kong, calls } = fakeKong({ method: 'GET' });
    expect((await factsOf(kong, needs)).method).toBeUndefined();
    expect(calls.map(([method]) => method)).toEqual(['get_var']);
  });

  it('is asked for along with the rest where that costs none', async () => {
    const { kong, calls } = fakePipelinedKong({ method: 'GET', headers: {} });
    expect((await factsOf(kong, needs)).method).toBe('GET');
    expect(calls.map(([method]) => method)).toEqual(['get_headers', 'get_method']);
  });
});

it('finds a header for each that asks for it, whichever spelling they ask for', async () => {
  const needs = needing({ headers: ['x_user', 'x-user', 'X-Other'] });
  const { kong } = fakePipelinedKong({ headers: { 'X-User': ['a', 'b'], x_other: '1' } });
  expect((await factsOf(kong, needs)).headers).toEqual({
    x_user: 'a, b',
    'x-user': 'a, b',
    'X-Other': '1',
  });
});

describe('a header that counts in one spelling', () => {
  const needs = needing({ headers: ['x-cert', 'x-user'], exact_headers: ['x-cert'] });

  it('is not found in another, while others are', async () => {
    const { kong } = fakePipelinedKong({ headers: { x_cert: 'forged', x_user: 'alice' } });
    expect((await factsOf(kong, needs)).headers).toEqual({ 'x-user': 'alice' });
  });

  it('is not mixed with another', async () => {
    const { kong } = fakePipelinedKong({ headers: { x_cert: 'forged', 'x-cert': 'given' } });
    expect((await factsOf(kong, needs)).headers).toEqual({ 'x-cert': 'given' });
  });
});
