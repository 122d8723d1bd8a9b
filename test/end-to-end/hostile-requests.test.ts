import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { auditRecords } from '../../dev/story/audit-records.ts';
import { type Sent, send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';
import {
  attackersJwk,
  hmacWithPublicKey,
  signedByAttacker,
  take,
  unsigned,
  withParts,
} from './tokens.ts';

const NOT_BEFORE_ANYTHING = { status: 400, code: null };

describeOnHosts('hostile requests', ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let good: string;
  let publicKey: KeyObject;

  beforeAll(async () => {
    stack = await startStack({ kongBin, pluginServer });
    good = await getToken(stack.identityProvider.issuer, { user: 'bob' });
    const response = await fetch(`${stack.identityProvider.issuer}/jwks`);
    const jwks = (await response.json()) as { keys: JsonWebKey[] };
    const { kid } = take(good).header;
    const jwk = jwks.keys.find((key) => key.kid === kid) ?? {};
    publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  });
  afterAll(() => stack?.stop());

  async function ask(sent: Partial<Sent>) {
    const reached = stack.staging.requests().length;
    const answer = await send(stack.gateway.url, { path: '/staging/tasks/7', ...sent });
    const challenge = answer.headers['www-authenticate'];
    return { ...answer, challenge, reached: stack.staging.requests().length - reached };
  }
  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

  it('lets the good token through, so that what follows is refused for its own fault', async () => {
    expect(await ask(bearer(good))).toMatchObject({ status: 200, reached: 1 });
  });

  const forged: [string, () => string, number, string][] = [
    ['no JWT at all', () => 'opaque-token', 401, 'invalid_token'],
    ['alg none', () => unsigned(take(good).header, take(good).payload), 401, 'invalid_token'],
    [
      'HMAC with the public key',
      () => hmacWithPublicKey(take(good).header, take(good).payload, publicKey),
      401,
      'invalid_token',
    ],
    [
      'an unknown kid',
      () => signedByAttacker({ ...take(good).header, kid: 'nobody' }, take(good).payload),
      401,
      'invalid_token',
    ],
    [
      "the issuer's kid and another key",
      () => signedByAttacker(take(good).header, take(good).payload),
      401,
      'invalid_token',
    ],
    [
      'a key of its own in the header',
      () => signedByAttacker({ ...take(good).header, jwk: attackersJwk() }, take(good).payload),
      401,
      'invalid_token',
    ],
    [
      'other claims under a good signature',
      () => withParts(good, { payload: { ...take(good).payload, sub: 'alice' } }),
      401,
      'invalid_token',
    ],
    [
      'another typ under a good signature',
      () => withParts(good, { header: { ...take(good).header, typ: 'JWT' } }),
      401,
      'invalid_token',
    ],
    ['an empty signature', () => good.replace(/[^.]+$/, ''), 401, 'invalid_token'],
    ['a part too many', () => `${good}.x`, 401, 'invalid_token'],
    ['two tokens', () => `${good} ${good}`, 400, 'invalid_request'],
    ['two tokens with a comma', () => `${good}, Bearer ${good}`, 400, 'invalid_request'],
    ['nothing after the scheme', () => '', 400, 'invalid_request'],
  ];

  it.each(forged)('refuses a token with %s', async (_, token, status, code) => {
    const answer = await ask(bearer(token()));
    expect(answer).toMatchObject({ status, code, reached: 0 });
    expect(answer.challenge).toContain(`error="${code}"`);
  });

  it('refuses a token that is typed as something else', async () => {
    const other = await getToken(stack.identityProvider.issuer, {
      user: 'bob',
      resource: 'https://opaque.example.com',
    });
    expect(await ask(bearer(other))).toMatchObject({
      status: 401,
      code: 'invalid_token',
      reached: 0,
    });
  });

  it('refuses a token without the required scope, and names it', async () => {
    const token = await getToken(stack.identityProvider.issuer, {
      user: 'bob',
      scope: 'tasks:write',
    });
    const answer = await ask(bearer(token));
    expect(answer).toMatchObject({ status: 403, code: 'insufficient_scope', reached: 0 });
    expect(answer.challenge).toContain('scope="tasks:read"');
  });

  it('refuses a 100 KB token', async () => {
    const answer = await ask(bearer('a'.repeat(100_000)));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.reached).toBe(0);
  });

  it('refuses two Authorization headers', async () => {
    const headers = { Authorization: [`Bearer ${good}`, `Bearer ${good}`] };
    expect(await ask({ headers })).toMatchObject({ ...NOT_BEFORE_ANYTHING, reached: 0 });
  });

  it.each(['Basic Ym9iOmJvYg==', 'bob', 'Bearer', 'Bearer\t', 'DPoP abc'])(
    'refuses the credentials %j',
    async (Authorization) => {
      const answer = await ask({ headers: { Authorization } });
      expect([400, 401]).toContain(answer.status);
      expect(answer.reached).toBe(0);
    },
  );

  it.each([
    '/staging/a%2fb',
    '/staging/a%5cb',
    '/staging/a\\b',
    '/staging/%2e%2e/staging/x',
    '/staging/../staging/x',
    '/staging/.;a/x',
    '/staging/a%252fb',
    '/staging/a%252e%252e/b',
    '/staging/./a',
    '/staging/a;b=c/d',
    '/staging/a%3Bb',
    '/staging/a?b#&c=d',
  ])('refuses the path %s before any rule runs', async (path) => {
    const answer = await ask({ path, ...bearer(good) });
    expect(answer).toMatchObject({ status: 400, reached: 0 });
  });

  it.each([
    ['a header', { ['__proto__']: '1' }, '/staging/tasks/7'],
    ['a parameter', {}, '/staging/tasks/7?__proto__=1&constructor=2'],
  ])('is not brought down by %s called __proto__', async (_, odd, path) => {
    const answer = await ask({ path, headers: { ...odd, ...bearer(good).headers } });
    expect(answer).toMatchObject({ status: 200, reached: 1 });
    expect(stack.pluginServer.running()).toBe(true);
    expect(await ask({})).toMatchObject({ status: 401, reached: 0 });
  });

  it('refuses a request that asks for the verified headers to be dropped on the way', async () => {
    const headers = { ...bearer(good).headers, Connection: 'close, X-Authenticated-Subject' };
    expect(await ask({ headers })).toMatchObject({ status: 400, reached: 0 });
  });

  it('leaves no token in what the plugin server writes', async () => {
    await ask(bearer(good));
    const written = stack.pluginServer.lines().join('\n');
    expect(auditRecords(stack.pluginServer.lines()).length).toBeGreaterThan(0);
    expect(written).not.toContain(good.split('.')[2]);
    expect(written).not.toContain('eyJ');
  });
});
