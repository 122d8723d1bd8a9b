import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import {
  base64url,
  createHarness,
  createKey,
  json,
  reason,
  type SigningKey,
  signToken,
} from '../authorizer/support.ts';
import {
  fixtureNames,
  issuedNow,
  type JwtFixture,
  readJwtFixture,
  verdictOf,
} from './provider-fixture.ts';
import { decideBy, EXAMPLES, pluginConfig, readRoute } from './support.ts';

const PROVIDERS = fixtureNames().filter((name) => name !== 'opaque-tokens');

const fileOf = (provider: string) => `identity-providers/${provider}/kong.yml`;

/** What the provider publishes at the addresses that it documents. */
function answersOf(
  { keys: { discovery, jwks_uri, members }, header }: JwtFixture,
  key: SigningKey,
  issuer: string,
) {
  const published = { ...key.publicKey.export({ format: 'jwk' }), kid: header.kid, ...members };
  return {
    [jwks_uri]: json({ keys: [published] }),
    ...(discovery === undefined ? {} : { [discovery]: json({ issuer, jwks_uri }) }),
  };
}

function setUp(provider: string) {
  const fixture = readJwtFixture(provider);
  const route = readRoute(fileOf(provider), 'tasks');
  const config = parseConfig(authorizerFields, pluginConfig(route, 'oidc-authorizer'));
  const [issuer] = config.issuers;
  if (issuer === undefined) throw new Error('no issuer');
  const key = createKey(fixture.header.alg, fixture.header.kid);
  const harness = createHarness(config, answersOf(fixture, key, issuer.issuer));
  const sign = (claims: JwtFixture['accepted'][number]['claims'], header = {}, by = key) =>
    signToken(by, { ...fixture.header, ...header }, issuedNow(claims));
  const [usual] = fixture.accepted;
  if (usual === undefined) throw new Error('no token');
  return { fixture, route, issuer, key, harness, sign, usual };
}

it('has a token for every example, and an example for every token', () => {
  const folders = readdirSync(path.join(EXAMPLES, 'identity-providers'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.sort()).toEqual(fixtureNames().sort());
});

describe.each(PROVIDERS)('the example for %s', (provider) => {
  const { fixture, route, issuer, harness, sign, usual } = setUp(provider);
  const { present, requests } = harness;

  describe.each(fixture.accepted)('accepts $what', ({ claims, identity, headers, decisions }) => {
    it('as exactly this identity', async () => {
      const outcome = await present(sign(claims));
      const { subject, groups, scopes, email, ...verified } = verdictOf(outcome).identity;
      expect({ subject, groups, scopes, email }).toEqual(identity);
      expect(verified.issuer).toBe(issuer.issuer);
      expect(outcome).toMatchObject({ set_headers: headers, authenticated_groups: groups });
    });

    it('and its policy decides about it', async () => {
      const verdict = verdictOf(await present(sign(claims)));
      const decided: Record<string, string> = {};
      for (const request of Object.keys(decisions)) {
        decided[request] = await decideBy(fileOf(provider), route, verdict, request);
      }
      expect(decided).toEqual(decisions);
    });
  });

  it.each(fixture.refused)('refuses $what', async ({ header, claims, without, token, why }) => {
    const changed = Object.entries({ ...usual.claims, ...claims }).filter(
      ([name]) => !without.includes(name),
    );
    expect(reason(await present(token ?? sign(Object.fromEntries(changed), header)))).toBe(why);
  });

  it.each([
    ['another audience', { [issuer.audience_claim]: 'https://else.example.com' }],
    ['no audience', { [issuer.audience_claim]: [] }],
  ])('refuses a token for %s', async (_, claims) => {
    expect(reason(await present(sign({ ...usual.claims, ...claims })))).toBe(
      'the audience is not accepted',
    );
  });

  it('refuses a token of another issuer', async () => {
    const claims = { ...usual.claims, iss: 'https://login.evil.example' };
    expect(reason(await present(sign(claims)))).toBe('the issuer is not accepted');
  });

  it('refuses a token that the provider has not signed', async () => {
    const forged = createKey(fixture.header.alg, fixture.header.kid);
    expect(reason(await present(sign(usual.claims, {}, forged)))).toBe(
      'the signature is not valid',
    );
  });

  it('asks for keys where the provider documents them, and nowhere else', async () => {
    const { discovery, jwks_uri } = fixture.keys;
    await present(sign(usual.claims));
    expect([...new Set(requests)].sort()).toEqual(
      [jwks_uri, ...(discovery === undefined ? [] : [discovery])].sort(),
    );
  });
});

it('refuses a token for Microsoft Graph, which is signed over another nonce than it shows', async () => {
  const { harness, sign, usual } = setUp('entra-v1');
  const claims = { ...usual.claims, aud: '00000003-0000-0000-c000-000000000000' };
  const nonce = 'ExampleNonce';
  const signed = sign(claims, { nonce: createHash('sha256').update(nonce).digest('base64url') });
  const [header = '', ...rest] = signed.split('.');
  const shown = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), nonce };
  const token = [base64url(JSON.stringify(shown)), ...rest].join('.');
  expect(reason(await harness.present(token))).toBe('the signature is not valid');
});
