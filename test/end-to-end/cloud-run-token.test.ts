import { readFileSync } from 'node:fs';
import { decodeJwt, type JWTPayload } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import {
  REPOSITORY,
  STAGING_AUDIENCE,
  type Stack,
  startStack,
} from '../../dev/stack/start-stack.ts';
import { type Sent, send } from '../../dev/story/send.ts';
import { describeOnHosts, describeOnKong, type Host } from './gateways.ts';
import { type Arrival, type OpenUpstream, startOpenUpstream } from './open-upstream.ts';

const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const READER = 'reader@demo-project.iam.gserviceaccount.com';
const OTHER = 'other@demo-project.iam.gserviceaccount.com';

const POLICY = {
  version: 1,
  rules: [
    { name: 'reads', effect: 'allow', when: 'request.method == "GET"', run_as: READER },
    { name: 'others', effect: 'allow', when: 'request.method == "PUT"', run_as: OTHER },
    { name: 'writes', effect: 'allow', when: 'request.method == "POST"' },
  ],
};

interface Service {
  url?: string;
  host?: string;
  port?: number;
  protocol?: string;
}

/** The repository's kong.yml, whose first route is left, with these services and configs of cloud-run-token. */
function kongYml(
  services: Record<string, { service: Service; config: object; route?: object }>,
  rest: object = {},
): string {
  const { services: declared, _format_version } = parse(
    readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'),
  );
  const { plugins } = declared[0].routes[0];
  return stringify(
    {
      _format_version,
      ...rest,
      services: Object.entries(services).map(([name, { service, config, route }]) => ({
        name,
        ...service,
        routes: [
          {
            name,
            paths: [`/${name}`],
            ...route,
            plugins: plugins.map((plugin: { name: string; config: object }) => {
              if (plugin.name === 'policy-evaluator') {
                return { ...plugin, config: { policy: JSON.stringify(POLICY) } };
              }
              return plugin.name === 'cloud-run-token' ? { ...plugin, config } : plugin;
            }),
          },
        ],
      })),
    },
    { aliasDuplicateObjects: false },
  );
}

/** What a request with bob's token was answered. */
async function asker(stack: Stack) {
  const token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
  const ask = (sent: Sent) =>
    send(stack.gateway.url, {
      ...sent,
      headers: { Authorization: `Bearer ${token}`, ...sent.headers },
    });
  return { token, ask };
}

function idTokenIn(headers: Arrival['headers'], name = 'x-serverless-authorization'): JWTPayload {
  return decodeJwt(String(headers[name]).replace(/^Bearer /, ''));
}

/** Milliseconds. */
let googleIsAhead = 0;

function startWith(host: Host, config: string): Promise<Stack> {
  return startStack({
    ...host,
    config,
    google: {
      clock: () => Date.now() + googleIsAhead,
      serviceAccounts: [{ email: GATEWAY }, { email: READER, tokenCreators: [GATEWAY] }],
    },
  });
}

describeOnHosts('the token for Cloud Run', (host) => {
  let stack: Stack;
  let upstream: OpenUpstream;
  let token: string;
  let ask: (sent: Sent) => ReturnType<typeof send>;

  beforeAll(async () => {
    upstream = await startOpenUpstream();
    const service = { url: upstream.url };
    const allowed_service_accounts = [READER];
    stack = await startWith(
      host,
      kongYml({
        // By the port of kong.yml, where the service of the stack listens.
        private: {
          service: { url: 'http://127.0.0.1:4002' },
          config: { audience: STAGING_AUDIENCE },
        },
        accounts: { service, config: { audience: 'https://a.example', allowed_service_accounts } },
        iap: { service, config: { audience: 'iap-client', header: 'Proxy-Authorization' } },
        authorization: {
          service,
          config: { header: 'Authorization', audience: 'https://b.example' },
        },
        many: { service, config: { audience: 'https://c.example' } },
        'any-host': { service, config: {}, route: { preserve_host: true } },
        'right-wildcard': {
          service,
          config: {},
          route: { preserve_host: true, hosts: ['api.example.com', 'api.*'] },
        },
        'named-hosts': {
          service,
          config: {},
          route: { preserve_host: true, hosts: ['api.example.com', 'b.example.com'] },
        },
        vouched: {
          service,
          config: { allow_any_host: true },
          route: { preserve_host: true },
        },
        cold: { service, config: { audience: 'https://d.example' } },
      }),
    );
    ({ token, ask } = await asker(stack));
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
  });

  const arrivalOf = async (sent: Sent): Promise<Arrival> => {
    const answer = await ask(sent);
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body);
  };

  it("speaks for the account of the deciding rule, else for the gateway's", async () => {
    const read = await arrivalOf({ path: '/accounts/7' });
    expect(idTokenIn(read.headers)).toMatchObject({ email: READER, aud: 'https://a.example' });
    const write = await arrivalOf({ method: 'POST', path: '/accounts/7' });
    expect(idTokenIn(write.headers).email).toBe(GATEWAY);
  });

  it('is not minted for an account that the route does not allow', async () => {
    const before = upstream.arrivals().length;
    const answer = await ask({ method: 'PUT', path: '/accounts/7' });
    expect([answer.status, answer.code]).toEqual([500, 'invalid_config']);
    expect(upstream.arrivals()).toHaveLength(before);
  });

  it("takes the place of the client's own in whichever header it goes", async () => {
    const forged = {
      'X-Serverless-Authorization': 'Bearer forged',
      'Proxy-Authorization': 'Bearer forged',
    };
    const plain = await arrivalOf({ method: 'POST', path: '/many/7', headers: forged });
    expect(idTokenIn(plain.headers).aud).toBe('https://c.example');
    expect(plain.headers).not.toHaveProperty('proxy-authorization');
    expect(plain.headers.authorization).toBe(`Bearer ${token}`);

    const iap = await arrivalOf({ method: 'POST', path: '/iap/7', headers: forged });
    expect(idTokenIn(iap.headers, 'proxy-authorization').aud).toBe('iap-client');
    expect(iap.headers).not.toHaveProperty('x-serverless-authorization');
    expect(iap.headers.authorization).toBe(`Bearer ${token}`);

    const other = await arrivalOf({ method: 'POST', path: '/authorization/7', headers: forged });
    expect(idTokenIn(other.headers, 'authorization').aud).toBe('https://b.example');
    expect(other.headers).not.toHaveProperty('x-serverless-authorization');
  });

  it.each(['any-host', 'right-wildcard'])(
    'is not sent under a Host that the client chose freely: %s',
    async (route) => {
      const before = upstream.arrivals().length;
      const headers = { Host: 'api.example.com' };
      const answer = await ask({ method: 'POST', path: `/${route}/7`, headers });
      expect([answer.status, answer.code]).toEqual([500, 'invalid_config']);
      expect(upstream.arrivals()).toHaveLength(before);
    },
  );

  it.each(['api.example.com', 'b.example.com'])(
    'is sent under a Host that the route names: %s',
    async (Host) => {
      const arrival = await arrivalOf({
        method: 'POST',
        path: '/named-hosts/7',
        headers: { Host },
      });
      expect(arrival.headers.host).toBe(Host);
    },
  );

  it('is sent under any Host where the configuration vouches for that', async () => {
    const headers = { Host: 'whatever.example' };
    const arrival = await arrivalOf({ method: 'POST', path: '/vouched/7', headers });
    expect(arrival.headers.host).toBe('whatever.example');
  });

  it('goes with the trace that the request is part of', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { headers } = await arrivalOf({
      method: 'POST',
      path: '/many/7',
      headers: { traceparent },
    });
    expect(headers.traceparent).toBe(traceparent);
    expect(headers['x-cloud-trace-context']).toBe(
      '4bf92f3577b34da6a3ce929d0e0e4736/67667974448284343;o=1',
    );
    const untraced = await arrivalOf({ method: 'POST', path: '/many/7' });
    expect(untraced.headers['x-cloud-trace-context']).toMatch(/^[0-9a-f]{32}\/1$/);
  });

  it('is minted once for all that need it at the same time, in all workers', async () => {
    const before = stack.google.calls().metadata_identity;
    const all = await Promise.all(
      Array.from({ length: 200 }, () => ask({ method: 'POST', path: '/cold/7' })),
    );
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(stack.google.calls().metadata_identity - before).toBe(1);
    expect(new Set(all.map(({ body }) => idTokenIn(JSON.parse(body).headers).iat)).size).toBe(1);
  });

  it("is given up where Cloud Run's front end does not take it, and the next one is new", async () => {
    const status = async () => (await ask({ method: 'POST', path: '/private/7' })).status;
    // All workers know the token before the clock moves, by which what they claim ends.
    for (let request = 0; request < 20; request += 1) expect(await status()).toBe(200);
    // A token that has just come would be kept, and Google's are dated in whole seconds.
    googleIsAhead += 40_000;
    stack.clock.set(stack.clock.now() + 40_000);
    stack.staging.rejectSeenTokens();
    const before = stack.google.calls().metadata_identity;
    expect(await status()).toBe(401);
    // Kong tells plugins of a response some time after the client has it.
    await expect.poll(status, { interval: 20, timeout: 5000 }).toBe(200);
    for (let request = 0; request < 8; request += 1) expect(await status()).toBe(200);
    expect(stack.google.calls().metadata_identity - before).toBe(1);
  });
});

describeOnKong('the Host of a service that Google has named', (host) => {
  const NAME = 'tasks-123456789012.europe-west3.run.app';
  let stack: Stack;
  let upstream: OpenUpstream;
  let ask: (sent: Sent) => ReturnType<typeof send>;

  beforeAll(async () => {
    upstream = await startOpenUpstream();
    const service = { host: NAME, port: 80, protocol: 'http' };
    const target = new URL(upstream.url).host;
    stack = await startWith(
      host,
      kongYml(
        {
          plain: { service, config: { allow_http: true } },
          preserving: { service, config: { allow_http: true }, route: { preserve_host: true } },
          secure: { service, config: {} },
        },
        { upstreams: [{ name: NAME, targets: [{ target }] }] },
      ),
    );
    ({ ask } = await asker(stack));
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
  });

  it('does not matter where the token would travel without TLS', async () => {
    const before = upstream.arrivals().length;
    const answer = await ask({ method: 'POST', path: '/secure/7' });
    expect([answer.status, answer.code]).toEqual([500, 'invalid_config']);
    expect(upstream.arrivals()).toHaveLength(before);
  });

  it.each(['/plain/7', '/preserving/7'])('is that name, at %s', async (path) => {
    const { body, status } = await ask({ method: 'POST', path, headers: { Host: 'api.example' } });
    expect(status).toBe(200);
    const { headers, audience }: Arrival = JSON.parse(body);
    expect(headers.host).toBe(NAME);
    expect(audience).toBe(`https://${NAME}`);
  });
});

it('is minted at the start for the routes of the kong.yml that `serve` is told of, once for all workers', async () => {
  const stack = await startStack({ serveOptions: ['--warm', `${REPOSITORY}/kong.yml`] });
  try {
    const minted = () => stack.google.calls().metadata_identity;
    const audiences = new Set(
      readFileSync(`${REPOSITORY}/kong.yml`, 'utf8').match(/(?<=audience: )https:.*/g),
    );
    await expect.poll(minted, { interval: 20, timeout: 5000 }).toBe(audiences.size);
    const { ask } = await asker(stack);
    expect((await ask({ path: '/staging/tasks/7' })).status).toBe(200);
    expect(minted()).toBe(audiences.size);
  } finally {
    await stack.stop();
  }
});
