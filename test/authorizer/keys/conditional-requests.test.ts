import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeyRegistry } from '../../../src/authorizer/keys/create-key-registry.ts';
import { createKey, ISSUER, JWKS_URI, json, notModified, OTHER_JWKS_URI } from '../support.ts';
import {
  createRegistryHarness,
  DISCOVERY_URL,
  down,
  keysWith,
  LIMITS,
  SOURCE,
  until,
} from './support.ts';

const oldKey = createKey('ES256', 'old');
const newKey = createKey('ES256', 'new');

/** Asks after a quiet spell, so that the request waits for what the issuer says now. */
const QUIET_SPELL = LIMITS.cache_seconds + LIMITS.cooldown_seconds;
const DATE = 'Fri, 20 Nov 2026 12:00:00 GMT';

const conditionsOf = (sent: Headers[]) =>
  sent.map((headers) => headers.get('if-none-match') ?? headers.get('if-modified-since'));

describe('a document that is fetched again', () => {
  it.each([
    ['its ETag', { etag: '"1"' }, 'if-none-match', '"1"'],
    ['a weak ETag', { etag: 'W/"1"' }, 'if-none-match', 'W/"1"'],
    ['its date where it has no ETag', { 'last-modified': DATE }, 'if-modified-since', DATE],
  ])('is asked for by %s', async (_what, headers, header, value) => {
    const { ask, answers, advance, sent } = createRegistryHarness({
      [JWKS_URI]: keysWith(headers, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = notModified();
    advance(QUIET_SPELL);
    expect(await ask('old')).toEqual({ outcome: 'verified' });
    expect(sent.map((headers) => headers.get(header))).toEqual([null, value]);
  });

  it('is asked for without a condition where it came with nothing to tell it by', async () => {
    const { ask, advance, sent } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '*' }, oldKey),
    });
    await ask('old');
    advance(QUIET_SPELL);
    await ask('old');
    expect(conditionsOf(sent)).toEqual([null, null]);
  });

  it('is asked for by its last ETag, also after a 304 and after a failure', async () => {
    const { ask, answers, advance, sent } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
    });
    const answersInTurn = [
      keysWith({ etag: '"2"' }, oldKey, newKey),
      notModified({ etag: '"of something else"' }),
      down,
      notModified(),
    ];
    await ask('old');
    for (const answer of answersInTurn) {
      answers[JWKS_URI] = answer;
      advance(QUIET_SPELL);
      expect(await ask('old')).toEqual({ outcome: 'verified' });
    }
    expect(await ask('new')).toEqual({ outcome: 'verified' });
    expect(conditionsOf(sent)).toEqual([null, '"1"', '"2"', '"2"', '"2"']);
  });

  it('may be the discovery document, and the key set then is what it was or has changed alone', async () => {
    const source = { issuer: ISSUER };
    const { ask, answers, advance, requests, sent } = createRegistryHarness({
      [DISCOVERY_URL]: json({ issuer: ISSUER, jwks_uri: JWKS_URI }, 200, { etag: '"d"' }),
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
    });
    await ask('old', { source });
    answers[DISCOVERY_URL] = notModified();
    answers[JWKS_URI] = notModified();
    advance(QUIET_SPELL);
    expect(await ask('old', { source })).toEqual({ outcome: 'verified' });
    answers[JWKS_URI] = keysWith({ etag: '"2"' }, newKey);
    advance(QUIET_SPELL);
    expect(await ask('new', { source })).toEqual({ outcome: 'verified' });
    expect(requests).toEqual([1, 2, 3].flatMap(() => [DISCOVERY_URL, JWKS_URI]));
    expect(conditionsOf(sent)).toEqual([null, null, '"d"', '"1"', '"d"', '"1"']);
  });

  it('is asked for without a condition where discovery has moved it', async () => {
    const source = { issuer: ISSUER };
    const { ask, answers, advance, requests, sent } = createRegistryHarness({
      [DISCOVERY_URL]: json({ issuer: ISSUER, jwks_uri: JWKS_URI }),
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
      [OTHER_JWKS_URI]: keysWith({ etag: '"1"' }, newKey),
    });
    await ask('old', { source });
    answers[DISCOVERY_URL] = json({ issuer: ISSUER, jwks_uri: OTHER_JWKS_URI });
    advance(QUIET_SPELL);
    expect(await ask('new', { source })).toEqual({ outcome: 'verified' });
    expect(requests.at(-1)).toBe(OTHER_JWKS_URI);
    expect(conditionsOf(sent)).toEqual([null, null, null, null]);
  });
});

describe('a 304', () => {
  it('is an error where there was no condition', async () => {
    const { ask, logger } = createRegistryHarness({ [JWKS_URI]: notModified({ etag: '"1"' }) });
    expect(await ask('old')).toEqual({ outcome: 'keys_unavailable', retry_after_seconds: 1 });
    expect(logger.lines[0]?.fields.reason).toBe('the key set was answered with status 304');
  });

  it('is an error as well where the last answer gave nothing to ask by', async () => {
    const limits = { ...LIMITS, max_stale_seconds: 0 };
    const { ask, answers, advance, logger } = createRegistryHarness({
      [JWKS_URI]: keysWith({}, oldKey),
    });
    await ask('old', { limits });
    answers[JWKS_URI] = notModified();
    advance(QUIET_SPELL);
    expect(await ask('old', { limits })).toMatchObject({ outcome: 'keys_unavailable' });
    expect(logger.lines[0]?.fields.reason).toBe('the key set was answered with status 304');
  });

  it('brings no keys back that were withdrawn before', async () => {
    const { ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
    });
    await ask('old');
    answers[JWKS_URI] = keysWith({ etag: '"2"' });
    advance(QUIET_SPELL);
    expect(await ask('old')).toMatchObject({ outcome: 'keys_unavailable' });
    answers[JWKS_URI] = notModified();
    advance(1);
    expect(await ask('old')).toMatchObject({ outcome: 'keys_unavailable' });
  });

  it('makes keys good again that had become too old', async () => {
    const limits = { ...LIMITS, max_stale_seconds: 0 };
    const { ask, answers, advance } = createRegistryHarness({
      [JWKS_URI]: keysWith({ etag: '"1"' }, oldKey),
    });
    await ask('old', { limits });
    answers[JWKS_URI] = down;
    advance(QUIET_SPELL);
    expect(await ask('old', { limits })).toMatchObject({ outcome: 'keys_unavailable' });
    answers[JWKS_URI] = notModified();
    advance(1);
    expect(await ask('old', { limits })).toEqual({ outcome: 'verified' });
  });
});

describe('the object of the keys', () => {
  const first = keysWith({ etag: '"1"' }, oldKey, newKey);

  it.each([
    ['an answer that says so', notModified()],
    ['the same body', first],
    [
      'a body that differs in what verifies nothing',
      json({ keys: [{ x5t: 'x', ...oldKey.jwk }, { kty: 'oct', k: 'AA' }, newKey.jwk], more: 1 }),
    ],
  ])('stays where they have not changed: %s', async (_what, second) => {
    const { keysInUse, answers, advance, requests } = createRegistryHarness({ [JWKS_URI]: first });
    const before = await keysInUse();
    answers[JWKS_URI] = second;
    advance(QUIET_SPELL);
    expect(await keysInUse()).toBe(before);
    expect(before).toBeDefined();
    expect(requests).toHaveLength(2);
  });

  it('stays through an outage', async () => {
    const { keysInUse, answers, advance } = createRegistryHarness({ [JWKS_URI]: first });
    const before = await keysInUse();
    answers[JWKS_URI] = down;
    advance(QUIET_SPELL);
    expect(await keysInUse()).toBe(before);
    answers[JWKS_URI] = first;
    advance(QUIET_SPELL);
    expect(await keysInUse()).toBe(before);
  });

  it('stays where the keys have moved to another jwks_uri', async () => {
    const source = { issuer: ISSUER };
    const { keysInUse, answers, advance } = createRegistryHarness({
      [DISCOVERY_URL]: json({ issuer: ISSUER, jwks_uri: JWKS_URI }),
      [JWKS_URI]: first,
      [OTHER_JWKS_URI]: first,
    });
    const before = await keysInUse({ source });
    answers[DISCOVERY_URL] = json({ issuer: ISSUER, jwks_uri: OTHER_JWKS_URI });
    advance(QUIET_SPELL);
    expect(await keysInUse({ source })).toBe(before);
  });

  it.each([
    ['a key is gone', keysWith({}, newKey)],
    ['a key has come', keysWith({}, oldKey, newKey, createKey('ES256', 'third'))],
    ['a key has changed under its kid', keysWith({}, createKey('ES256', 'old'), newKey)],
    [
      'a key has another kid',
      keysWith({}, { ...oldKey, jwk: { ...oldKey.jwk, kid: 'x' } }, newKey),
    ],
    ['a key is for another algorithm', json({ keys: [{ ...oldKey.jwk, alg: 'x' }, newKey.jwk] })],
    ['their order has changed', keysWith({}, newKey, oldKey)],
  ])('is another one where %s', async (_what, second) => {
    const { keysInUse, answers, advance } = createRegistryHarness({ [JWKS_URI]: first });
    const before = await keysInUse();
    answers[JWKS_URI] = second;
    advance(QUIET_SPELL);
    const after = await keysInUse();
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });

  it('is another one where the keys were withdrawn and have come back', async () => {
    const { keysInUse, answers, advance } = createRegistryHarness({ [JWKS_URI]: first });
    const before = await keysInUse();
    answers[JWKS_URI] = keysWith({});
    advance(QUIET_SPELL);
    expect(await keysInUse()).toBeUndefined();
    answers[JWKS_URI] = first;
    advance(1);
    const after = await keysInUse();
    expect(after).toBeDefined();
    expect(after).not.toBe(before);
  });
});

describe('over a real connection', () => {
  const server = createServer();
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('keys that have not changed come as a 304 without a body', async () => {
    const { clock, advance, logger } = createRegistryHarness({});
    const statuses: number[] = [];
    server.on('request', (request, response) => {
      const isKnown = request.headers['if-none-match'] === 'W/"1"';
      response.writeHead(isKnown ? 304 : 200, { etag: 'W/"1"', 'cache-control': 'max-age=60' });
      response.end(isKnown ? undefined : JSON.stringify({ keys: [oldKey.jwk] }));
      statuses.push(response.statusCode);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const source = { issuer: SOURCE.issuer, jwks_uri: `http://127.0.0.1:${port}/keys` };
    const registry = createKeyRegistry({ clock, fetch, logger });

    await registry.withKeys(source, LIMITS, async () => 'verified');
    const before = registry.peek(source, LIMITS);
    advance(60);
    expect(registry.peek(source, LIMITS)).toBeUndefined();
    await registry.withKeys(source, LIMITS, async () => 'verified');
    await until(() => registry.peek(source, LIMITS) !== undefined);
    expect(registry.peek(source, LIMITS)).toBe(before);
    expect(statuses).toEqual([200, 304]);
    expect(logger.lines).toEqual([]);
  });
});
