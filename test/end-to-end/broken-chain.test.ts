import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';

interface PluginEntry {
  name: string;
  config: Record<string, unknown>;
}

const kongYml = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
const chain: PluginEntry[] = kongYml.services[0].routes[0].plugins;

function without(...names: string[]): PluginEntry[] {
  return chain.filter(({ name }) => !names.includes(name));
}

function configured(plugin: string, field: string, value: unknown): PluginEntry[] {
  return chain.map((entry) =>
    entry.name === plugin ? { ...entry, config: { ...entry.config, [field]: value } } : entry,
  );
}

const MINTING_NOTHING: [what: string, PluginEntry[]][] = [
  ['without policy-evaluator', without('policy-evaluator')],
  ['without oidc-authorizer', without('oidc-authorizer')],
  ['with cloud-run-token alone', without('oidc-authorizer', 'policy-evaluator')],
];
const MISCONFIGURED: [what: string, PluginEntry[]][] = [
  [
    'a policy file that is not there',
    configured('policy-evaluator', 'policy_file', 'nowhere.yaml'),
  ],
  [
    'a policy file that is no policy',
    configured('policy-evaluator', 'policy_file', 'package.json'),
  ],
  ['two policies', configured('policy-evaluator', 'policy', 'version: 1\nrules: []\n')],
  [
    'an issuer in the clear',
    configured('oidc-authorizer', 'issuers', [
      { issuer: 'http://login.example.com', audiences: ['https://tasks.example.com'] },
    ]),
  ],
  [
    'credentials that are no key',
    configured('cloud-run-token', 'credentials', '{"type":"authorized_user"}'),
  ],
];
const WITHOUT_CLOUD_RUN_TOKEN = without('cloud-run-token');

const routes = [
  chain,
  WITHOUT_CLOUD_RUN_TOKEN,
  ...[...MINTING_NOTHING, ...MISCONFIGURED].map(([, plugins]) => plugins),
];

function pathOf(plugins: PluginEntry[]): string {
  return `/route-${routes.indexOf(plugins)}`;
}

/** Each chain on a route of its own, so that one gateway serves them all. */
const config = stringify(
  {
    _format_version: '3.0',
    services: [
      {
        ...kongYml.services[0],
        routes: routes.map((plugins) => ({
          name: pathOf(plugins).slice(1),
          paths: [pathOf(plugins)],
          plugins,
        })),
      },
    ],
  },
  { aliasDuplicateObjects: false },
);

describeOnHosts('a broken chain', ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let token: string;

  beforeAll(async () => {
    stack = await startStack({ kongBin, pluginServer, config });
    token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
  });
  afterAll(() => stack?.stop());

  async function ask(plugins: PluginEntry[]) {
    const before = stack.staging.requests().length;
    const answer = await send(stack.gateway.url, {
      path: pathOf(plugins),
      headers: { Authorization: `Bearer ${token}` },
    });
    const { status, code, headers } = answer;
    const reached = stack.staging.requests().length - before;
    return { status, code, retryAfter: headers['retry-after'], reached };
  }

  // In this order: each of the later tests breaks more of what they share.

  it('answers 503 while the identity provider is down, and recovers', async () => {
    await stack.identityProvider.stop();
    const refused = await ask(chain);
    expect(refused).toMatchObject({ status: 503, code: 'keys_unavailable', reached: 0 });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    await stack.restartIdentityProvider();
    token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
    stack.clock.set(stack.clock.now() + 60_000);
  });

  it('answers 503 while Google gives no token, and recovers', async () => {
    stack.google.fail({ endpoint: 'any', status: 503, times: 1000 });
    const refused = await ask(chain);
    expect(refused).toMatchObject({ status: 503, code: 'id_token_unavailable', reached: 0 });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    stack.google.recover();
    stack.clock.set(stack.clock.now() + 60_000);
    expect(await ask(chain)).toMatchObject({ status: 200, reached: 1 });
  });

  it.each(MINTING_NOTHING)('mints nothing %s', async (_, plugins) => {
    const minted = stack.google.calls().metadata_identity;
    expect(await ask(plugins)).toMatchObject({ status: 500, code: 'verdict_missing', reached: 0 });
    expect(stack.google.calls().metadata_identity).toBe(minted);
  });

  it.each(MISCONFIGURED)('refuses every request on %s, and says why once', async (_, plugins) => {
    const reports = () =>
      stack.pluginServer.lines().filter((line) => line.includes('"code":"invalid_config"')).length;
    const before = reports();
    for (const _ of [1, 2]) {
      const answer = await ask(plugins);
      expect(answer).toMatchObject({ status: 500, code: 'invalid_config', reached: 0 });
    }
    // Each process that runs plugins has an instance of its own.
    const processes = Math.max(1, stack.pluginServer.workerPids().length);
    expect(reports()).toBe(before + processes);
  });

  it('does not reach the service without cloud-run-token: Cloud Run refuses', async () => {
    const answer = await ask(WITHOUT_CLOUD_RUN_TOKEN);
    expect([401, 403]).toContain(answer.status);
    expect(answer).toMatchObject({ code: null, reached: 0 });
  });
});
