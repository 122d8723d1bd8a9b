import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { createHarness, createKey, json, reason } from '../authorizer/support.ts';
import { issuedNow, readIntrospectionFixture, verdictOf } from './provider-fixture.ts';
import { decideBy, pluginConfig, readRoute, readRoutes } from './support.ts';

const FILE = 'identity-providers/opaque-tokens/kong.yml';
const OPAQUE = 'vF9dft4qmTExampleOpaqueToken';
const { endpoint, accepted, refused } = readIntrospectionFixture('opaque-tokens');

const SECRETS = {
  INTROSPECTION_CLIENT_SECRET: 'a secret',
  INTROSPECTION_CLIENT_KEY: String(
    createKey('ES256', 'client').privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ),
};

function setUp(name: string, answer: Record<string, unknown>) {
  const route = readRoute(FILE, name);
  const raw = pluginConfig(route, 'oidc-authorizer', SECRETS);
  const config = parseConfig(authorizerFields, raw);
  return { route, ...createHarness(config, { [endpoint]: json(answer) }) };
}

it('shows each way to authenticate once', () => {
  const configs = readRoutes(FILE).map((route) =>
    parseConfig(authorizerFields, pluginConfig(route, 'oidc-authorizer')),
  );
  expect(configs.map(({ issuers }) => issuers[0]?.introspection?.client_auth_method)).toEqual([
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
  ]);
});

describe.each(readRoutes(FILE).map(({ name }) => name))('the route %s', (name) => {
  it.each(accepted)('accepts $what', async ({ answer, identity, decisions }) => {
    const { route, present, requests } = setUp(name, issuedNow(answer));
    const verdict = verdictOf(await present(OPAQUE));
    const { subject, groups, scopes, email, issuer } = verdict.identity;
    expect({ subject, groups, scopes, email }).toEqual(identity);
    expect(issuer).toBe('https://login.example.com');
    expect(requests).toEqual([endpoint]);
    const decided: Record<string, string> = {};
    for (const request of Object.keys(decisions)) {
      decided[request] = await decideBy(FILE, route, verdict, request);
    }
    expect(decided).toEqual(decisions);
  });

  it.each(refused)('refuses $what', async ({ answer, why }) => {
    expect(reason(await setUp(name, answer).present(OPAQUE))).toBe(why);
  });
});

it('sends the secret in the Authorization header, or not at all', async () => {
  const answer = issuedNow(accepted[0]?.answer ?? {});
  const sent: (string | null)[] = [];
  for (const { name } of readRoutes(FILE)) {
    const harness = setUp(name, answer);
    await harness.present(OPAQUE);
    sent.push(harness.sent[0]?.get('authorization') ?? null);
  }
  expect(sent).toEqual([`Basic ${Buffer.from('gateway:a+secret').toString('base64')}`, null, null]);
});
