import { describe, expect, it } from 'vitest';
import type { Continue, Outcome } from '../../../src/core/stage.ts';
import {
  AUDIENCE,
  claimsOf,
  configOf,
  createHarness,
  createKey,
  goodToken,
  headerOf,
  ISSUER,
  JWKS_URI,
  keySet,
  OTHER_ISSUER,
  OTHER_JWKS_URI,
  signToken,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');
const ANSWERS = { [JWKS_URI]: keySet(key), [OTHER_JWKS_URI]: keySet(key) };

function goesOn(outcome: Outcome): Continue {
  if (outcome.outcome !== 'continue') throw new Error('refused');
  return outcome;
}

async function consumerOf(claims: Record<string, unknown>, consumer_claim = 'azp') {
  const issuers = [
    { issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI },
    { issuer: OTHER_ISSUER, audiences: [AUDIENCE], jwks_uri: OTHER_JWKS_URI },
  ];
  const { present } = createHarness(configOf({ issuers, consumer_claim }), ANSWERS);
  return goesOn(await present(signToken(key, headerOf(key), claimsOf(claims))));
}

describe('the consumer', () => {
  it('is made of a claim, with an id that only issuer and value decide', async () => {
    const { consumer, set_headers } = await consumerOf({ azp: 'batch', jti: '1' });
    expect(consumer).toEqual({
      id: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      username: 'batch',
      custom_id: 'batch',
    });
    expect((await consumerOf({ azp: 'batch', jti: '2' })).consumer).toEqual(consumer);
    expect((await consumerOf({ azp: 'batch2' })).consumer?.id).not.toBe(consumer?.id);
    expect((await consumerOf({ azp: 'batch', iss: OTHER_ISSUER })).consumer?.id).not.toBe(
      consumer?.id,
    );
    expect(set_headers).toMatchObject({
      'X-Consumer-ID': consumer?.id,
      'X-Consumer-Username': 'batch',
      'X-Consumer-Custom-ID': 'batch',
    });
  });

  it.each([
    ['absent', {}],
    ['empty', { azp: '' }],
    ['a list', { azp: ['a', 'b'] }],
    ['an object', { azp: { a: 1 } }],
    ['a number that JSON has rounded', { azp: 2 ** 53 }],
  ])('is not set where the claim is %s', async (_, claims) => {
    const { consumer, set_headers } = await consumerOf(claims);
    expect(consumer).toBeUndefined();
    expect(Object.keys(set_headers ?? {})).not.toContain('X-Consumer-ID');
  });

  it('is read by JSON Pointer too, and encoded for headers', async () => {
    const outcome = await consumerOf({ act: { sub: 'agent, ü' } }, '/act/sub');
    expect(outcome.consumer?.username).toBe('agent, ü');
    expect(outcome.set_headers?.['X-Consumer-Username']).toBe('agent%2C %C3%BC');
  });

  it('is not the unverified e-mail address that someone typed', async () => {
    const unverified = { email: 'ceo@example.com', email_verified: false };
    expect((await consumerOf(unverified, 'email')).consumer).toBeUndefined();
  });
});

describe('headers that tell an upstream who is asking', () => {
  it.each([
    'x-consumer-id',
    'x-consumer-custom-id',
    'x-consumer-username',
    'x-consumer-groups',
    'x-authenticated-groups',
    'x-authenticated-userid',
    'x-authenticated-scope',
    'x-authenticated-issuer',
    'x-credential-username',
    'x-credential-identifier',
    'x-anonymous-consumer',
  ])('never pass from a client: %s', async (name) => {
    const config = configOf({ allow_anonymous: true });
    const { present, authorize } = createHarness(config, ANSWERS);
    for (const outcome of [
      await present(goodToken(key), { [name]: 'admin' }),
      await authorize(undefined, { [name]: 'admin' }),
    ]) {
      expect(goesOn(outcome).remove_headers).toContain(name);
      expect(goesOn(outcome).remove_headers).toContain(name.replaceAll('-', '_'));
    }
  });
});

describe('the issuer', () => {
  const issuers = [
    { issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI },
    { issuer: OTHER_ISSUER, audiences: [AUDIENCE], jwks_uri: OTHER_JWKS_URI },
  ];

  it('is told to the upstream where there are several, whose subjects may be alike', async () => {
    const { present } = createHarness(configOf({ issuers }), ANSWERS);
    for (const issuer of [ISSUER, OTHER_ISSUER]) {
      const { set_headers } = goesOn(await present(goodToken(key, { iss: issuer })));
      expect(set_headers).toMatchObject({
        'X-Authenticated-Subject': 'alice',
        'X-Authenticated-Issuer': issuer,
      });
    }
    const single = goesOn(await createHarness(configOf(), ANSWERS).present(goodToken(key)));
    expect(single.set_headers).not.toHaveProperty('X-Authenticated-Issuer');
  });
});

describe('a preflight request', () => {
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
  const ask = async (
    config: Record<string, unknown>,
    method: string,
    sent: Record<string, string>,
  ) => summary(await createHarness(configOf(config), ANSWERS).stage.run({ method, headers: sent }));

  it('needs a token like any other unless told otherwise', async () => {
    expect(await ask({}, 'OPTIONS', headers)).toBe('missing_token');
  });

  it('goes on without identity where it is exempt', async () => {
    expect(await ask({ run_on_preflight: false }, 'OPTIONS', headers)).toBe('anonymous');
  });

  it.each([
    ['another method', 'POST', headers],
    ['no origin', 'OPTIONS', { 'access-control-request-method': 'POST' }],
    ['no method asked for', 'OPTIONS', { origin: 'https://app.example' }],
  ])('is not one with %s', async (_, method, sent) => {
    expect(await ask({ run_on_preflight: false }, method, sent)).toBe('missing_token');
  });

  it('is refused with a bad token all the same', async () => {
    const sent = { ...headers, authorization: 'Bearer x.y.z' };
    expect(await ask({ run_on_preflight: false }, 'OPTIONS', sent)).toBe('invalid_token');
  });
});
