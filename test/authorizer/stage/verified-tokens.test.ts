import { describe, expect, it } from 'vitest';
import { createAuthorizerStage } from '../../../src/authorizer/create-authorizer-stage.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import {
  AUDIENCE,
  configOf,
  createHarness,
  createKey,
  goodToken,
  ISSUER,
  JWKS_URI,
  keySet,
  NOW,
  reason,
  run,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');
const otherKey = createKey('ES256', 'other');
const successor = createKey('ES256', 'key');
const token = goodToken(key);

const setUp = (changes: Record<string, unknown> = {}) =>
  createHarness(configOf(changes), { [JWKS_URI]: keySet(key, otherKey) });

describe('a token that has been verified', () => {
  it('is not verified again, and is decided about without waiting', async () => {
    const { stage, present } = setUp();
    expect(summary(await present(token))).toBe('authenticated');
    const counted = countCacheResults('verified_tokens');
    const outcome = stage.run({ headers: { authorization: `Bearer ${token}` } });
    expect(outcome).not.toBeInstanceOf(Promise);
    expect(summary(await outcome)).toBe('authenticated');
    expect(counted()).toEqual({ hit: 1 });
  });

  it('says the same of its caller as the first time', async () => {
    const { present } = setUp();
    expect(await present(token)).toEqual(await present(token));
  });

  it('does not vouch for another with the same signature', async () => {
    const { present } = setUp();
    await present(token);
    const [header, claims] = goodToken(key, { sub: 'mallory' }).split('.');
    const forged = `${header}.${claims}.${token.split('.')[2]}`;
    expect(reason(await present(forged))).toBe('the signature is not valid');
  });

  it.each([
    ['expires', {}, { exp: NOW + 60 }, 91, 'the token has expired'],
    ['gets too old', { max_token_age_seconds: 60 }, {}, 81, 'the token was issued too long ago'],
  ])('is refused once it %s', async (_, config, claims, seconds, why) => {
    const { present, advance } = setUp(config);
    const aging = goodToken(key, claims);
    expect(summary(await present(aging))).toBe('authenticated');
    advance(seconds);
    expect(reason(await present(aging))).toBe(why);
    expect(reason(await present(aging))).toBe(why);
  });

  it('is refused once its key is withdrawn', async () => {
    const { present, advance, answers } = setUp({ jwks_cache_seconds: 60 });
    expect(summary(await present(token))).toBe('authenticated');
    answers[JWKS_URI] = keySet(otherKey);
    advance(3600);
    expect(summary(await present(goodToken(otherKey, { exp: NOW + 9000 })))).toBe('authenticated');
    expect(summary(await present(goodToken(key, { exp: NOW + 9000 })))).not.toBe('authenticated');
  });

  it('is verified again where another key has taken the name of its own', async () => {
    const { present, advance, answers } = setUp({ jwks_cache_seconds: 60 });
    const lasting = goodToken(key, { exp: NOW + 9000 });
    expect(summary(await present(lasting))).toBe('authenticated');
    answers[JWKS_URI] = keySet(successor);
    advance(3600);
    expect(reason(await present(lasting))).toBe('the signature is not valid');
  });

  it('goes on while the issuer cannot be reached', async () => {
    const { present, advance, answers } = setUp({ jwks_cache_seconds: 60 });
    const lasting = goodToken(key, { exp: NOW + 9000 });
    await present(lasting);
    answers[JWKS_URI] = () => {
      throw new TypeError('fetch failed');
    };
    advance(3600);
    const counted = countCacheResults('verified_tokens');
    expect(summary(await present(lasting))).toBe('authenticated');
    expect(counted()).toEqual({ hit: 1 });
  });

  it('is known to every instance of the same configuration, and to none of another', async () => {
    const { stage, resources } = setUp();
    const twin = createAuthorizerStage(configOf(), resources);
    const issuers = [{ issuer: ISSUER, audiences: ['else'], jwks_uri: JWKS_URI }];
    const stranger = createAuthorizerStage(configOf({ issuers }), resources);
    const counted = countCacheResults('verified_tokens');
    await run(stage, `Bearer ${token}`);
    expect(summary(await run(twin, `Bearer ${token}`))).toBe('authenticated');
    expect(counted()).toEqual({ miss: 1, hit: 1 });
    expect(reason(await run(stranger, `Bearer ${token}`))).toBe('the audience is not accepted');
    expect(counted()).toEqual({ miss: 2, hit: 1 });
  });

  it('of another issuer is not accepted in its place', async () => {
    const issuers = [
      { issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI },
      {
        issuer: 'https://second.example',
        audiences: [AUDIENCE],
        jwks_uri: 'https://second.example/k',
      },
    ];
    const { present } = createHarness(configOf({ issuers }), {
      [JWKS_URI]: keySet(key),
      'https://second.example/k': keySet(successor),
    });
    expect(summary(await present(token))).toBe('authenticated');
    const crossed = goodToken(key, { iss: 'https://second.example' });
    expect(reason(await present(crossed))).toBe('the signature is not valid');
  });
});

describe('a token that was refused', () => {
  it('is not remembered as good', async () => {
    const { present } = setUp();
    const bad = `${token.slice(0, -8)}AAAAAAAA`;
    const counted = countCacheResults('verified_tokens');
    expect(summary(await present(bad))).toBe('invalid_token');
    expect(summary(await present(bad))).toBe('invalid_token');
    expect(counted()).toEqual({ failed: 2 });
  });
});
