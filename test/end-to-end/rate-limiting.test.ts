import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { pluginConfig, readRoute } from '../examples/support.ts';
import { describeOnKong } from './gateways.ts';

const LIMIT = 3;
const PREFLIGHT = {
  Origin: 'https://app.example.com',
  'Access-Control-Request-Method': 'GET',
  'Access-Control-Request-Headers': 'authorization',
};

/** The repository's kong.yml with the plugins of examples/rate-limiting on its first route. */
function kongYml(): string {
  const example = readRoute('rate-limiting/kong.yml', 'tasks');
  const { consumer_claim } = pluginConfig(example, 'oidc-authorizer');
  const { minute: _, ...rateLimiting } = pluginConfig(example, 'rate-limiting');
  const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
  const [route] = config.services[0].routes;
  // Its own config, which other routes share by an anchor.
  route.plugins[0].config = { ...route.plugins[0].config, consumer_claim };
  route.plugins.push(
    { name: 'cors', config: pluginConfig(example, 'cors') },
    { name: 'acl', config: pluginConfig(example, 'acl') },
    // An hour: Kong counts by the clock, and a minute may end in the middle of a test.
    { name: 'rate-limiting', config: { ...rateLimiting, hour: LIMIT } },
  );
  return stringify(config, { aliasDuplicateObjects: false });
}

describeOnKong("rate limiting by the token's consumer", ({ kongBin, pluginServer }) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ kongBin, pluginServer, config: kongYml() });
  });
  afterAll(() => stack?.stop());

  async function ask(
    user: string,
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ) {
    const token = await getToken(stack.identityProvider.issuer, { user });
    return send(stack.gateway.url, {
      method,
      path: '/staging/tasks/7',
      headers: { Authorization: `Bearer ${token}`, ...headers },
    });
  }

  async function statuses(user: string, times: number): Promise<number[]> {
    const answers: number[] = [];
    for (let time = 0; time < times; time += 1) answers.push((await ask(user)).status);
    return answers;
  }

  it('counts each user apart, whatever token they come with', async () => {
    expect(await statuses('alice', LIMIT + 2)).toEqual([200, 200, 200, 429, 429]);
    const answer = await ask('bob');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'ratelimit-limit': String(LIMIT),
      'ratelimit-remaining': String(LIMIT - 1),
    });
  });

  it('does not count what the policy refuses', async () => {
    expect((await ask('bob', { method: 'POST' })).code).toBe('policy_denied');
    expect((await ask('bob')).headers['ratelimit-remaining']).toBe(String(LIMIT - 2));
  });

  it('gives the upstream the real consumer, and none that a client made up', async () => {
    const madeUp = 'made-up';
    const { status, body } = await ask('erin', {
      headers: {
        'X-Consumer-ID': madeUp,
        'X-Consumer-Username': madeUp,
        'X-Consumer-Custom-ID': madeUp,
        'X-Consumer-Groups': madeUp,
        'X-Credential-Identifier': madeUp,
        'X-Anonymous-Consumer': madeUp,
        'X-Authenticated-Groups': madeUp,
        x_consumer_username: madeUp,
        'x-consumer_id': madeUp,
      },
    });
    expect(status).toBe(200);
    expect(body).not.toContain(madeUp);
    expect(JSON.parse(body).headers).toMatchObject({
      'x-consumer-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-consumer-username': 'erin',
      'x-consumer-custom-id': 'erin',
    });
    expect(JSON.parse(body).headers).not.toHaveProperty('x-authenticated-groups');
  });

  it('is behind acl, which goes by the groups of the token', async () => {
    const outsiders = [await ask('carol'), await ask('dave')];
    // In Kong's own words.
    expect(outsiders.map(({ status }) => status)).toEqual([403, 403]);
    expect(outsiders.map(({ code }) => code)).toEqual([null, null]);
  });

  it('answers a preflight request without a token, and lets the page read a refusal', async () => {
    const path = '/staging/tasks/7';
    const preflight = await send(stack.gateway.url, {
      method: 'OPTIONS',
      path,
      headers: PREFLIGHT,
    });
    const refusal = await send(stack.gateway.url, { path, headers: { Origin: PREFLIGHT.Origin } });
    expect([preflight.status, refusal.code]).toEqual([200, 'missing_token']);
    for (const { headers } of [preflight, refusal]) {
      expect(headers['access-control-allow-origin']).toBe('https://app.example.com');
    }
    expect(refusal.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
  });
});
