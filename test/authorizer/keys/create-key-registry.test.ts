import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeyRegistry } from '../../../src/authorizer/keys/create-key-registry.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import {
  type Answer,
  AUDIENCE,
  claimsOf,
  configOf,
  createHarness,
  createKey,
  goodToken,
  headerOf,
  ISSUER,
  JWKS_URI,
  json,
  keySet,
  OTHER_ISSUER,
  OTHER_JWKS_URI,
  reason,
  run,
  signToken,
  summary,
} from '../support.ts';
import { DISCOVERY_URL, down, held, until } from './support.ts';

const oldKey = createKey('RS256', 'old');
const newKey = createKey('RS256', 'new');
const oldToken = goodToken(oldKey);
const newToken = goodToken(newKey);
const unknownKid = (kid: string) => signToken(oldKey, headerOf(oldKey, { kid }), claimsOf());

const discovering = (changes: Record<string, unknown> = {}) =>
  configOf({ issuers: [{ issuer: ISSUER, audiences: [AUDIENCE] }], ...changes });
const discovery = json({ issuer: ISSUER, jwks_uri: JWKS_URI });

/** Never answers, and heeds its signal as the real fetch does. */
const hanging: Answer = (signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
/** Never answers, and does not care. */
const deaf: Answer = () => new Promise(() => {});

/** A body of a space every 100 ms, for as long as someone reads it. */
function trickle(onCancel = () => {}) {
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>({
    pull: (controller) =>
      new Promise((resolve) => {
        timer = setTimeout(() => {
          controller.enqueue(new Uint8Array([0x20]));
          resolve();
        }, 100);
      }),
    cancel() {
      clearTimeout(timer);
      onCancel();
    },
  });
}

function unavailable(retry_after_seconds: number) {
  return { outcome: 'refuse', refusal: { code: 'keys_unavailable', retry_after_seconds } };
}

describe('discovery', () => {
  it('finds the keys by way of the discovery document', async () => {
    const { present, requests } = createHarness(discovering(), {
      [DISCOVERY_URL]: discovery,
      [JWKS_URI]: keySet(oldKey),
    });
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(requests).toEqual([DISCOVERY_URL, JWKS_URI]);
  });

  it('drops the trailing slash of the issuer from the URL, and from nothing else', async () => {
    const issuer = `${ISSUER}/realm/`;
    const config = configOf({ issuers: [{ issuer, audiences: [AUDIENCE] }] });
    const { present } = createHarness(config, {
      [`${ISSUER}/realm/.well-known/openid-configuration`]: json({ issuer, jwks_uri: JWKS_URI }),
      [JWKS_URI]: keySet(oldKey),
    });
    expect(summary(await present(goodToken(oldKey, { iss: issuer })))).toBe('authenticated');
  });

  it.each([
    ['is down', down, 'the request failed: ECONNREFUSED'],
    ['is missing', json({}, 404), 'the discovery document was answered with status 404'],
    ['is HTML', () => new Response('<html>'), 'the discovery document is not a JSON object'],
    ['is empty', () => new Response(null), 'the discovery document is not a JSON object'],
    ['is a list', json([]), 'the discovery document is not a JSON object'],
    [
      'names a member twice',
      () => new Response(`{"issuer":"https://evil.example","issuer":"${ISSUER}"}`),
      'the discovery document is not a JSON object',
    ],
    [
      'is a redirect',
      () => Response.redirect('https://evil.example/', 302),
      'the discovery document was answered with status 302',
    ],
    [
      'is larger than 256 KiB',
      json({ issuer: ISSUER, jwks_uri: JWKS_URI, padding: 'a'.repeat(262_144) }),
      'the discovery document is larger than 262144 bytes',
    ],
    [
      'names another issuer',
      json({ issuer: 'https://evil.example', jwks_uri: JWKS_URI }),
      'the discovery document names another issuer',
    ],
    [
      'names the issuer with a slash more',
      json({ issuer: `${ISSUER}/`, jwks_uri: JWKS_URI }),
      'the discovery document names another issuer',
    ],
    [
      'names no jwks_uri',
      json({ issuer: ISSUER }),
      'the discovery document has no secure jwks_uri',
    ],
    [
      'names an insecure jwks_uri',
      json({ issuer: ISSUER, jwks_uri: 'http://idp.example/keys' }),
      'the discovery document has no secure jwks_uri',
    ],
  ] satisfies [string, Answer, string][])(
    'makes keys unavailable when it %s, and the log says why',
    async (_what, answer, why) => {
      const { present, logger } = createHarness(discovering(), {
        [DISCOVERY_URL]: answer,
        [JWKS_URI]: keySet(oldKey),
      });
      expect(await present(oldToken)).toEqual(unavailable(1));
      expect(logger.lines).toEqual([
        {
          level: 'warn',
          fields: { issuer: ISSUER, reason: why },
          message: "the issuer's keys could not be fetched",
        },
      ]);
    },
  );
});

describe('the key set', () => {
  const withKeys = (keys: unknown) => createHarness(configOf(), { [JWKS_URI]: json({ keys }) });

  it.each([
    ['is down', down, 'the request failed: ECONNREFUSED'],
    ['is answered with an error', json({}, 500), 'the key set was answered with status 500'],
    ['has no keys member', json({}), 'the key set has no array of keys'],
    ['has an object of keys', json({ keys: {} }), 'the key set has no array of keys'],
    [
      'has more than 100 keys',
      json({ keys: Array(101).fill(oldKey.jwk) }),
      'the key set has over 100 keys',
    ],
  ] satisfies [string, Answer, string][])(
    'is unavailable when it %s',
    async (_what, answer, why) => {
      const { present, logger } = createHarness(configOf(), { [JWKS_URI]: answer });
      expect(await present(oldToken)).toEqual(unavailable(1));
      expect(logger.lines[0]?.fields).toEqual({ issuer: ISSUER, reason: why });
    },
  );

  it('stops reading a body that does not end', async () => {
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const { present } = createHarness(configOf(), { [JWKS_URI]: () => new Response(body) });
    expect(summary(await present(oldToken))).toBe('keys_unavailable');
    expect(chunks).toBeLessThan(10);
  });

  it('loses only its bad keys', async () => {
    const { jwk } = oldKey;
    const bad = [
      null,
      7,
      'key',
      [],
      {},
      { kty: 'unknown' },
      { kty: 'RSA' },
      { ...jwk, n: 7 },
      { ...jwk, kid: 7 },
      { ...jwk, n: '!' },
      { ...jwk, use: 'enc' },
      { ...jwk, alg: 'HS256' },
      { ...jwk, key_ops: ['sign'] },
      { kty: 'oct', k: 'c2VjcmV0', kid: 'old', alg: 'HS256' },
    ];
    expect(summary(await withKeys([...bad, jwk]).present(oldToken))).toBe('authenticated');
  });

  const weakKey = createKey('RS256', 'old', 1024);

  it.each([
    ['a key for encryption', { ...oldKey.jwk, use: 'enc' }, oldToken],
    ['a key for another operation', { ...oldKey.jwk, key_ops: ['encrypt'] }, oldToken],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0', kid: 'old' }, oldToken],
    ['a private key', { ...oldKey.privateKey.export({ format: 'jwk' }), kid: 'old' }, oldToken],
    ['an RSA key of 1024 bits', weakKey.jwk, goodToken(weakKey)],
    [
      'an RSA key with an exponent that makes each token cost a hundredfold',
      { ...oldKey.jwk, e: Buffer.alloc(384, 0xff).toString('base64url') },
      oldToken,
    ],
    [
      'an RSA key of 16,384 bits',
      { ...oldKey.jwk, n: Buffer.alloc(2048, 0xff).toString('base64url') },
      oldToken,
    ],
  ])('does not verify with %s', async (_what, jwk, token) => {
    expect(reason(await withKeys([newKey.jwk, jwk]).present(token))).toBe(
      'the signing key is not known',
    );
    const { present, logger } = withKeys([jwk]);
    expect(await present(token)).toEqual(unavailable(1));
    expect(logger.lines.map(({ message }) => message)).toEqual([
      "the issuer's key set has no usable key",
    ]);
  });

  it('does not verify with a key for another algorithm', async () => {
    const { present } = withKeys([{ ...oldKey.jwk, alg: 'RS512' }]);
    expect(reason(await present(oldToken))).toBe('the signing key is not known');
  });

  it('is asked for again after a second where it was empty for a moment', async () => {
    const { present, answers, advance, requests, logger } = createHarness(configOf(), {
      [JWKS_URI]: json({ keys: [] }),
    });
    expect(await present(oldToken)).toEqual(unavailable(1));
    advance(0.9);
    expect(await present(oldToken)).toEqual(unavailable(1));
    expect(requests).toHaveLength(1);
    advance(0.1);
    expect(await present(oldToken)).toEqual(unavailable(1));
    answers[JWKS_URI] = keySet(oldKey);
    advance(1);
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(requests).toHaveLength(3);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      "the issuer's key set has no usable key",
      "the issuer's keys are available again",
    ]);
  });

  it('verifies with a key that names neither alg nor use nor kid, where the token names none', async () => {
    const { alg: _alg, use: _use, kid: _kid, ...bare } = oldKey.jwk;
    const token = signToken(oldKey, { alg: 'RS256' }, claimsOf());
    expect(summary(await withKeys([bare]).present(token))).toBe('authenticated');
    expect(summary(await withKeys([newKey.jwk, bare]).present(token))).toBe('authenticated');
  });

  it('verifies a token that names no kid with any of ten keys, but tries no more', async () => {
    const { kid: _old, ...key } = oldKey.jwk;
    const { kid: _new, ...other } = newKey.jwk;
    const token = signToken(oldKey, { alg: 'RS256' }, claimsOf());
    const unfit = [createKey('ES256', 'ec').jwk, { ...key, alg: 'RS512' }];
    const nine = Array(9).fill(other);
    expect(summary(await withKeys([...unfit, ...nine, key]).present(token))).toBe('authenticated');

    for (const keys of [
      [...nine, other, key],
      [key, ...nine, other],
    ]) {
      const { present, advance, requests } = withKeys(keys);
      expect(reason(await present(token))).toBe('too many keys match the token');
      advance(60);
      expect(reason(await present(token))).toBe('too many keys match the token');
      expect(requests).toHaveLength(1);
    }
    expect(summary(await withKeys([...nine, other, oldKey.jwk]).present(oldToken))).toBe(
      'authenticated',
    );
  });

  it('tries each key of one kid', async () => {
    const keys = [{ ...newKey.jwk, kid: 'old' }, oldKey.jwk];
    expect(summary(await withKeys(keys).present(oldToken))).toBe('authenticated');
  });
});

describe('keys in use', () => {
  it('are fetched once and kept for most of jwks_cache_seconds', async () => {
    const { present, requests, advance } = createHarness(
      configOf({ leeway_seconds: 300, jwks_cache_seconds: 100 }),
      { [JWKS_URI]: keySet(oldKey) },
    );
    await present(oldToken);
    advance(79);
    await present(oldToken);
    expect(requests).toHaveLength(1);
    advance(1);
    await present(oldToken);
    expect(requests).toHaveLength(2);
  });

  it('are no longer trusted once the issuer has withdrawn them', async () => {
    const { present, answers, advance, requests } = createHarness(
      configOf({ jwks_cache_seconds: 100 }),
      { [JWKS_URI]: keySet(oldKey, newKey) },
    );
    expect(summary(await present(oldToken))).toBe('authenticated');
    answers[JWKS_URI] = keySet(newKey);
    advance(100);
    await until(async () => reason(await present(oldToken)) === 'the signing key is not known');
    expect(summary(await present(newToken))).toBe('authenticated');
    expect(requests).toHaveLength(2);
  });

  it('are no longer trusted once the issuer has withdrawn every key, even if it then goes down', async () => {
    const { present, answers, advance, logger } = createHarness(
      configOf({ leeway_seconds: 300, jwks_cache_seconds: 100 }),
      { [JWKS_URI]: keySet(oldKey) },
    );
    await present(oldToken);
    answers[JWKS_URI] = keySet();
    advance(100);
    await until(async () => summary(await present(oldToken)) === 'keys_unavailable');
    expect(await present(oldToken)).toEqual(unavailable(1));
    answers[JWKS_URI] = down;
    advance(1);
    expect(await present(oldToken)).toEqual(unavailable(1));
    answers[JWKS_URI] = keySet(oldKey);
    advance(1);
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(logger.lines.map(({ message }) => message)).toEqual([
      "the issuer's key set has no usable key",
      "the issuer's keys are available again",
    ]);
  });

  it('serve on while they are fetched anew, which happens once', async () => {
    const { present, answers, advance, requests } = createHarness(
      configOf({ jwks_cache_seconds: 100 }),
      { [JWKS_URI]: keySet(oldKey) },
    );
    await present(oldToken);
    const gate = held(keySet(newKey));
    answers[JWKS_URI] = gate.answer;
    advance(100);
    const during = await Promise.all(Array.from({ length: 50 }, () => present(oldToken)));
    expect(new Set(during.map(summary))).toEqual(new Set(['authenticated']));
    gate.release();
    await until(async () => summary(await present(newToken)) === 'authenticated');
    expect(requests).toHaveLength(2);
  });

  it('are fetched once for requests that come together', async () => {
    const gate = held(keySet(oldKey));
    const { present, requests } = createHarness(configOf(), { [JWKS_URI]: gate.answer });
    const all = Promise.all(Array.from({ length: 50 }, () => present(oldToken)));
    gate.release();
    expect(new Set((await all).map(summary))).toEqual(new Set(['authenticated']));
    expect(requests).toHaveLength(1);
  });

  it('are shared by stages that are given one registry', async () => {
    const { clock, fetch, logger, requests, createStage } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    const keys = createKeyRegistry({ clock, fetch, logger });
    for (const changes of [{}, { realm: 'other' }, { timeout_ms: 100 }]) {
      const stage = createStage(configOf(changes), keys);
      expect(summary(await run(stage, `Bearer ${oldToken}`))).toBe('authenticated');
    }
    expect(requests).toHaveLength(1);
  });

  it('are kept apart where two configs name different jwks_uris for one issuer', async () => {
    const { clock, fetch, logger, createStage } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
      [OTHER_JWKS_URI]: keySet(newKey),
    });
    const keys = createKeyRegistry({ clock, fetch, logger });
    const issuers = [{ issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: OTHER_JWKS_URI }];
    const first = createStage(configOf(), keys);
    const second = createStage(configOf({ issuers }), keys);
    expect(summary(await run(first, `Bearer ${oldToken}`))).toBe('authenticated');
    expect(summary(await run(second, `Bearer ${oldToken}`))).toBe('invalid_token');
    expect(summary(await run(second, `Bearer ${newToken}`))).toBe('authenticated');
  });
});

describe('what is counted', () => {
  it('is a miss where keys were fetched first, and a hit from then on', async () => {
    const counted = countCacheResults('signing_keys');
    const { present } = createHarness(configOf(), { [JWKS_URI]: keySet(oldKey) });
    await Promise.all([present(oldToken), present(oldToken)]);
    await present(oldToken);
    expect(counted()).toEqual({ miss: 2, hit: 1 });
  });

  it('is stale where older keys serve in an outage, and failed where there are none', async () => {
    const counted = countCacheResults('signing_keys');
    const { present, answers, advance } = createHarness(
      configOf({ leeway_seconds: 300, jwks_cache_seconds: 100 }),
      { [JWKS_URI]: down },
    );
    await present(oldToken);
    expect(counted()).toEqual({ failed: 1 });
    answers[JWKS_URI] = keySet(oldKey);
    advance(1);
    await present(oldToken);
    answers[JWKS_URI] = down;
    advance(100);
    await present(oldToken);
    expect(counted()).toEqual({ failed: 1, miss: 1, stale: 1 });
  });
});

describe('a token with an unknown key', () => {
  it('brings in a new key', async () => {
    const { present, answers, advance, requests } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    answers[JWKS_URI] = keySet(oldKey, newKey);
    advance(1);
    expect(summary(await present(newToken))).toBe('authenticated');
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(requests).toHaveLength(2);
  });

  it('is answered 503 within the cooldown of a fetch that another one caused', async () => {
    const { present, answers, advance, requests } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    advance(1);
    expect(reason(await present(unknownKid('junk')))).toBe('the signing key is not known');
    answers[JWKS_URI] = keySet(oldKey, newKey);
    advance(29);
    expect(await present(newToken)).toEqual(unavailable(1));
    advance(1);
    expect(summary(await present(newToken))).toBe('authenticated');
    expect(requests).toHaveLength(3);
  });

  it('waits for keys that are being fetched anyway, whatever the cooldown', async () => {
    const { present, answers, advance, requests } = createHarness(
      configOf({ jwks_cache_seconds: 10 }),
      { [JWKS_URI]: keySet(oldKey) },
    );
    await present(oldToken);
    const gate = held(keySet(oldKey, newKey));
    answers[JWKS_URI] = gate.answer;
    advance(10);
    const waiting = present(newToken);
    expect(summary(await present(oldToken))).toBe('authenticated');
    gate.release();
    expect(summary(await waiting)).toBe('authenticated');
    expect(requests).toHaveLength(2);
  });

  it('is answered 503 where the issuer has no keys any more', async () => {
    const { present, answers, advance } = createHarness(configOf(), { [JWKS_URI]: keySet(oldKey) });
    await present(oldToken);
    answers[JWKS_URI] = keySet();
    advance(30);
    expect(await present(newToken)).toEqual(unavailable(1));
    expect(await present(oldToken)).toEqual(unavailable(1));
  });

  it('causes one fetch per cooldown, however many there are', async () => {
    const { present, advance, requests } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    for (let round = 1; round <= 3; round += 1) {
      advance(30);
      const flood = Array.from({ length: 40 }, (_, index) => present(unknownKid(`${index}`)));
      expect(new Set((await Promise.all(flood)).map(summary))).toEqual(new Set(['invalid_token']));
      await present(unknownKid('late'));
      expect(requests).toHaveLength(1 + round);
    }
  });

  it('does not hold up tokens with known keys', async () => {
    const { present, answers, advance } = createHarness(configOf(), { [JWKS_URI]: keySet(oldKey) });
    await present(oldToken);
    advance(30);
    const gate = held(keySet(oldKey, newKey));
    answers[JWKS_URI] = gate.answer;
    const waiting = present(newToken);
    expect(summary(await present(oldToken))).toBe('authenticated');
    gate.release();
    expect(summary(await waiting)).toBe('authenticated');
  });

  it('is answered 503 while new keys cannot be fetched, and the issuer is left alone', async () => {
    const { present, answers, advance, requests } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    answers[JWKS_URI] = down;
    advance(30);
    expect(await present(newToken)).toEqual(unavailable(30));
    advance(10);
    expect(await present(newToken)).toEqual(unavailable(20));
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(requests).toHaveLength(2);
  });

  it('that names no kid brings in a key that replaced the only one', async () => {
    const { present, answers, advance } = createHarness(configOf(), { [JWKS_URI]: keySet(oldKey) });
    await present(oldToken);
    answers[JWKS_URI] = keySet(newKey);
    advance(30);
    const token = signToken(newKey, { alg: 'RS256' }, claimsOf());
    expect(summary(await present(token))).toBe('authenticated');
  });

  it('causes no fetch when its signature alone is wrong', async () => {
    const { present, advance, requests } = createHarness(configOf(), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    advance(60);
    const forged = signToken(newKey, headerOf(oldKey), claimsOf());
    expect(reason(await present(forged))).toBe('the signature is not valid');
    expect(requests).toHaveLength(1);
  });
});

describe('while the issuer is down', () => {
  const limits = {
    leeway_seconds: 300,
    jwks_cache_seconds: 60,
    jwks_max_stale_seconds: 200,
    jwks_cooldown_seconds: 30,
  };

  it('stale keys serve until jwks_max_stale_seconds, with one attempt per cooldown', async () => {
    const { present, answers, advance, requests } = createHarness(configOf(limits), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    answers[JWKS_URI] = down;
    advance(60);
    for (let seconds = 60; seconds < 200; seconds += 10) {
      expect(summary(await present(oldToken))).toBe('authenticated');
      advance(10);
    }
    expect(requests).toHaveLength(1 + 5);
    expect(await present(oldToken)).toEqual(unavailable(1));
  });

  it('a log that fails as well fails neither the request nor the process', async () => {
    const { clock, fetch, answers, advance, requests, createStage } = createHarness(
      configOf(limits),
      { [JWKS_URI]: keySet(oldKey) },
    );
    const broken = () => {
      throw new Error('EPIPE');
    };
    const logger = { info: broken, warn: broken, error: broken };
    const stage = createStage(configOf(limits), createKeyRegistry({ clock, fetch, logger }));
    const present = () => run(stage, `Bearer ${oldToken}`);
    await present();
    answers[JWKS_URI] = down;
    advance(60);
    for (let request = 0; request < 3; request += 1) {
      expect(summary(await present())).toBe('authenticated');
    }
    expect(requests).toHaveLength(2);
  });

  it('stale keys serve not at all where jwks_max_stale_seconds is 0', async () => {
    const config = configOf({ ...limits, jwks_max_stale_seconds: 0 });
    const { present, answers, advance } = createHarness(config, { [JWKS_URI]: keySet(oldKey) });
    await present(oldToken);
    answers[JWKS_URI] = down;
    advance(59);
    expect(summary(await present(oldToken))).toBe('authenticated');
    advance(1);
    expect(summary(await present(oldToken))).toBe('keys_unavailable');
  });

  it('a start without keys tries again every second', async () => {
    const { present, answers, advance, requests } = createHarness(configOf(), { [JWKS_URI]: down });
    expect(await present(oldToken)).toEqual(unavailable(1));
    advance(0.9);
    expect(await present(oldToken)).toEqual(unavailable(1));
    expect(requests).toHaveLength(1);
    answers[JWKS_URI] = keySet(oldKey);
    advance(0.1);
    expect(summary(await present(oldToken))).toBe('authenticated');
    expect(requests).toHaveLength(2);
  });

  it('the log tells once when trouble begins and once when it ends', async () => {
    const { present, answers, advance, logger } = createHarness(configOf(limits), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    for (let period = 0; period < 2; period += 1) {
      answers[JWKS_URI] = down;
      for (let failure = 0; failure < 3; failure += 1) {
        advance(60);
        await present(oldToken);
      }
      answers[JWKS_URI] = keySet(oldKey);
      advance(60);
      await present(oldToken);
      await until(() => logger.lines.at(-1)?.level === 'info');
    }
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn', 'info']);
    expect(JSON.stringify(logger.lines)).not.toContain('eyJ');
  });

  it('a clock that is set back makes no stale keys young', async () => {
    const { present, answers, advance } = createHarness(configOf(limits), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    answers[JWKS_URI] = down;
    advance(-250);
    expect(summary(await present(goodToken(oldKey)))).toBe('keys_unavailable');
  });
});

describe('a slow issuer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['that hangs', hanging],
    ['whose fetch ignores its signal', deaf],
  ])('%s is given up after timeout_ms', async (_what, answer) => {
    const { present, logger } = createHarness(configOf(), { [JWKS_URI]: answer });
    const outcome = present(oldToken);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await outcome).toEqual(unavailable(1));
    expect(logger.lines[0]?.fields).toMatchObject({ reason: 'no answer within 3000 ms' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['that hangs', hanging],
    ['whose fetch ignores its signal', deaf],
  ])(
    '%s delays no request while stale keys serve, and is asked once per cooldown',
    async (_what, answer) => {
      const limits = { leeway_seconds: 300, jwks_cache_seconds: 60, jwks_max_stale_seconds: 200 };
      const { present, answers, advance, requests, logger } = createHarness(configOf(limits), {
        [JWKS_URI]: keySet(oldKey),
      });
      await present(oldToken);
      answers[JWKS_URI] = answer;
      advance(60);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        // No timer moves meanwhile, so a request that waited would wait for ever.
        const during = await Promise.all(Array.from({ length: 20 }, () => present(oldToken)));
        expect(new Set(during.map(summary))).toEqual(new Set(['authenticated']));
        await vi.advanceTimersByTimeAsync(3000);
        expect(summary(await present(oldToken))).toBe('authenticated');
        expect(requests).toHaveLength(1 + attempt);
        expect(vi.getTimerCount()).toBe(0);
        advance(30);
      }
      expect(logger.lines.map(({ fields }) => fields.reason)).toEqual(['no answer within 3000 ms']);
    },
  );

  it('after a quiet spell is waited for, because keys may have been withdrawn meanwhile', async () => {
    const limits = { leeway_seconds: 300, jwks_cache_seconds: 60, jwks_max_stale_seconds: 3600 };
    const { present, answers, advance } = createHarness(configOf(limits), {
      [JWKS_URI]: keySet(oldKey),
    });
    await present(oldToken);
    advance(60 + 30);
    answers[JWKS_URI] = keySet(newKey);
    expect(summary(await present(oldToken))).toBe('invalid_token');
  });

  it('is told to stop when it is given up', async () => {
    let aborted = false;
    const { present } = createHarness(configOf(), {
      [JWKS_URI]: (signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return deaf(signal);
      },
    });
    const outcome = present(oldToken);
    await vi.advanceTimersByTimeAsync(3000);
    await outcome;
    expect(aborted).toBe(true);
  });

  it('has timeout_ms for discovery and keys together', async () => {
    const slowly =
      (answer: Answer): Answer =>
      async (signal) => {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return answer(signal);
      };
    const { present } = createHarness(discovering(), {
      [DISCOVERY_URL]: slowly(discovery),
      [JWKS_URI]: slowly(keySet(oldKey)),
    });
    const outcome = present(oldToken);
    await vi.advanceTimersByTimeAsync(3000);
    expect(summary(await outcome)).toBe('keys_unavailable');
  });

  it.each([
    ['never comes', () => new ReadableStream<Uint8Array>()],
    ['comes in trickles', trickle],
  ])('is given up when its body %s', async (_what, body) => {
    const { present, logger } = createHarness(configOf(), {
      [JWKS_URI]: () => new Response(body()),
    });
    const outcome = present(oldToken);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await outcome).toEqual(unavailable(1));
    expect(logger.lines[0]?.fields).toMatchObject({ reason: 'no answer within 3000 ms' });
  });

  it('is no longer read from once it is given up', async () => {
    let isCancelled = false;
    const { present } = createHarness(configOf(), {
      [JWKS_URI]: () =>
        new Response(
          trickle(() => {
            isCancelled = true;
          }),
        ),
    });
    const outcome = present(oldToken);
    await vi.advanceTimersByTimeAsync(3000);
    await outcome;
    await vi.advanceTimersByTimeAsync(100);
    expect(isCancelled).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds no request longer than that request’s own timeout_ms', async () => {
    const { clock, fetch, logger, createStage } = createHarness(configOf(), {
      [JWKS_URI]: hanging,
    });
    const keys = createKeyRegistry({ clock, fetch, logger });
    const patient = run(createStage(configOf(), keys), `Bearer ${oldToken}`);
    const impatient = run(createStage(configOf({ timeout_ms: 100 }), keys), `Bearer ${oldToken}`);
    await vi.advanceTimersByTimeAsync(100);
    expect(summary(await impatient)).toBe('keys_unavailable');
    await vi.advanceTimersByTimeAsync(2900);
    expect(summary(await patient)).toBe('keys_unavailable');
  });

  it('does not make a token with an unknown key invalid', async () => {
    const { present, answers, advance } = createHarness(configOf(), { [JWKS_URI]: keySet(oldKey) });
    await present(oldToken);
    advance(30);
    answers[JWKS_URI] = hanging;
    const outcome = present(newToken);
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await outcome).toEqual(unavailable(30));
  });

  it('does not hold up another one', async () => {
    const issuers = [
      { issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI },
      { issuer: OTHER_ISSUER, audiences: [AUDIENCE], jwks_uri: OTHER_JWKS_URI },
    ];
    const { present } = createHarness(configOf({ issuers }), {
      [JWKS_URI]: hanging,
      [OTHER_JWKS_URI]: keySet(oldKey),
    });
    const slow = present(oldToken);
    expect(summary(await present(goodToken(oldKey, { iss: OTHER_ISSUER })))).toBe('authenticated');
    await vi.advanceTimersByTimeAsync(3000);
    expect(summary(await slow)).toBe('keys_unavailable');
  });
});
