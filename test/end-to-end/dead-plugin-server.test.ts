import { afterAll, beforeAll, expect, it } from 'vitest';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';
import { type OpenUpstream, startOpenUpstream } from './open-upstream.ts';
import { withStagingAt } from './with-staging-at.ts';

/** The repository's public route and its first private one. */
const [PUBLIC, PRIVATE] = ['/handbook', '/staging/tasks/7'];

describeOnHosts('a plugin server that has died', ({ kongBin, pluginServer }) => {
  let upstream: OpenUpstream;
  let stack: Stack;
  let bob: Record<string, string>;

  beforeAll(async () => {
    upstream = await startOpenUpstream();
    stack = await startStack({ kongBin, pluginServer, config: withStagingAt(upstream.url) });
    const token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
    bob = { Authorization: `Bearer ${token}` };
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
  });

  async function ask(path: string, headers: Record<string, string> = {}) {
    const before = upstream.arrivals().length;
    const { status, code } = await send(stack.gateway.url, { path, headers });
    const arrived = upstream.arrivals().slice(before);
    return { status, code, arrived: arrived.map(({ audience }) => audience !== null) };
  }
  const served = { status: 200, arrived: [true] };
  const refused = { status: 500, code: null, arrived: [] };

  // In this order: the later tests go on from where the former leave the server.

  it('has served before', async () => {
    expect(await ask(PRIVATE, bob)).toMatchObject(served);
  });

  if (pluginServer === 'ours') {
    it('lets nothing through', async () => {
      await stack.pluginServer.kill();
      expect(await ask(PRIVATE)).toMatchObject(refused);
      expect(await ask(PRIVATE, bob)).toMatchObject(refused);
      expect(await ask(PUBLIC)).toMatchObject(refused);
    });

    it('serves again once it is back, and Kong need not be restarted', async () => {
      await stack.pluginServer.restart();
      expect(await ask(PRIVATE, bob)).toMatchObject(served);
      expect(await ask(PRIVATE)).toMatchObject({
        status: 401,
        code: 'missing_token',
        arrived: [],
      });
    });

    it('judges each route by its own configuration after that, whichever is asked for first', async () => {
      await stack.pluginServer.restart();
      expect(await ask(PUBLIC)).toMatchObject(served);
      expect(await ask(PRIVATE)).toMatchObject({
        status: 401,
        code: 'missing_token',
        arrived: [],
      });
      expect(await ask(PRIVATE, bob)).toMatchObject(served);
    });
  } else {
    it("does not judge a private route by a public route's configuration after a restart", async () => {
      await stack.pluginServer.restart();
      // The public route's instances get the numbers that Kong knows the private route's by.
      expect(await ask(PUBLIC)).toMatchObject(served);
      expect(await ask(PRIVATE)).toMatchObject({
        status: 500,
        code: 'internal_error',
        arrived: [],
      });
    });

    it('lets everything through without an ID token, which only the service can refuse', async () => {
      await stack.pluginServer.kill();
      expect(await ask(PRIVATE)).toMatchObject({ status: 200, arrived: [false] });
    });
  }
});
