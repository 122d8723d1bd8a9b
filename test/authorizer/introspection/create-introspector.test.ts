import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIntrospector } from '../../../src/authorizer/introspection/create-introspector.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import {
  ACTIVE,
  type Answer,
  answer,
  createHarness,
  deaf,
  failing,
  hanging,
  held,
  NOW,
  settingsOf,
  unavailable,
} from './support.ts';

const INACTIVE = answer({ active: false });
const active = { outcome: 'active', claims: { sub: ACTIVE.sub, aud: ACTIVE.aud } };
const inactive = { outcome: 'inactive' };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Lets everything happen that needs no timer and no network. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('the cache', () => {
  it('keeps what is active for cache_seconds, and shows it without a promise', async () => {
    const { introspect, peek, advance, requests } = createHarness();
    expect(peek()).toBeUndefined();
    expect(await introspect()).toEqual(active);
    advance(29.999);
    expect(peek()).toEqual(active);
    expect(await introspect()).toEqual(active);
    advance(0.001);
    expect(peek()).toBeUndefined();
    expect(await introspect()).toEqual(active);
    expect(requests).toHaveLength(2);
  });

  it('keeps it no longer than the token lives', async () => {
    const { introspect, peek, advance, requests } = createHarness(
      answer({ ...ACTIVE, exp: NOW + 10 }),
    );
    await introspect();
    advance(9.999);
    expect(peek()).toMatchObject({ outcome: 'active' });
    advance(0.001);
    expect(peek()).toBeUndefined();
    expect(await introspect()).toMatchObject({ outcome: 'active' });
    expect(await introspect()).toMatchObject({ outcome: 'active' });
    expect(requests).toHaveLength(3);
  });

  it('counts its age from when the request went out', async () => {
    const { answer: slow, release } = held(answer(ACTIVE));
    const { introspect, peek, advance } = createHarness(slow);
    const result = introspect();
    await settle();
    advance(20);
    release();
    expect(await result).toEqual(active);
    advance(9.999);
    expect(peek()).toEqual(active);
    advance(0.001);
    expect(peek()).toBeUndefined();
  });

  it('keeps what is inactive for five seconds at most', async () => {
    const { introspect, peek, advance, answers } = createHarness(INACTIVE);
    expect(await introspect()).toEqual(inactive);
    advance(4.999);
    answers(answer(ACTIVE));
    expect(peek()).toEqual(inactive);
    advance(0.001);
    expect(peek()).toBeUndefined();
    expect(await introspect()).toEqual(active);
    expect(peek()).toEqual(active);
  });

  it('keeps what is inactive no longer than cache_seconds', async () => {
    const settings = settingsOf({ cache_seconds: 2 });
    const { introspect, peek, advance } = createHarness(INACTIVE);
    await introspect('token', settings);
    advance(1.999);
    expect(peek('token', settings)).toEqual(inactive);
    advance(0.001);
    expect(peek('token', settings)).toBeUndefined();
  });

  it.each([
    ['active', answer(ACTIVE)],
    ['inactive', INACTIVE],
  ])('keeps nothing where cache_seconds is 0: %s', async (_what, response) => {
    const settings = settingsOf({ cache_seconds: 0 });
    const { introspect, peek, requests } = createHarness(response);
    await introspect('token', settings);
    expect(peek('token', settings)).toBeUndefined();
    await introspect('token', settings);
    expect(requests).toHaveLength(2);
  });

  it('goes by the cache_seconds of whoever asks, not of whoever asked', async () => {
    const never = settingsOf({ cache_seconds: 0 });
    const { introspect, peek, answers } = createHarness();
    await introspect('token', settingsOf({ cache_seconds: 300 }));
    expect(peek('token', never)).toBeUndefined();
    answers(INACTIVE);
    expect(await introspect('token', never)).toEqual(inactive);
    expect(peek('token', settingsOf({ cache_seconds: 300 }))).toEqual(inactive);
  });

  it('does not make an answer young again when the clock is set back', async () => {
    const { introspect, peek, advance } = createHarness();
    await introspect();
    advance(-30);
    expect(peek()).toBeUndefined();
  });

  it.each([
    ['endpoint', { endpoint: 'https://idp.example/other' }],
    ['client', { client_id: 'other' }],
    ['secret', { client_secret: 'other' }],
    ['method', { client_auth_method: 'client_secret_post' } as const],
    ['audience of the assertion', { client_assertion_audience: 'other' }],
    ['key id', { client_key_id: 'other' }],
  ])('is not shared with another %s', async (_what, changes) => {
    const { introspect, peek, requests } = createHarness();
    await introspect();
    const other = settingsOf(changes);
    expect(peek('token', other)).toBeUndefined();
    await introspect('token', other);
    expect(requests).toHaveLength(2);
  });

  it('is shared by equal settings, and tells tokens apart', async () => {
    const { introspect, peek } = createHarness();
    await introspect('token', settingsOf());
    expect(peek('token', settingsOf())).toEqual(active);
    expect(peek('tokem')).toBeUndefined();
    expect(peek('token ')).toBeUndefined();
  });

  it('tells how often it helped', async () => {
    const results = countCacheResults('introspections');
    const { introspect, peek, answers } = createHarness();
    peek();
    await introspect();
    peek();
    await introspect();
    answers(INACTIVE);
    await introspect('junk');
    answers(failing('ECONNREFUSED'));
    await introspect('other');
    expect(results()).toEqual({ miss: 2, hit: 2, failed: 1 });
  });
});

describe('requests for one token', () => {
  it('wait for one answer together', async () => {
    const { answer: slow, release } = held(answer(ACTIVE));
    const { introspect, requests } = createHarness(slow);
    const results = Array.from({ length: 100 }, () => introspect());
    await settle();
    expect(requests).toHaveLength(1);
    release();
    for (const result of results) expect(await result).toEqual(active);
    expect(requests).toHaveLength(1);
  });

  it('wait apart from those of other settings', async () => {
    const { answer: slow, release } = held(answer(ACTIVE));
    const { introspect, requests } = createHarness(slow);
    const results = [introspect(), introspect('token', settingsOf({ client_secret: 'other' }))];
    await settle();
    expect(requests).toHaveLength(2);
    release();
    release();
    await Promise.all(results);
  });

  it('each wait for their own time, and the answer serves those after them', async () => {
    const { answer: slow, release } = held(answer(ACTIVE));
    const { introspect, peek, requests } = createHarness(slow);
    const patient = introspect('token', settingsOf(), 3000);
    const hasty = introspect('token', settingsOf(), 50);
    await vi.advanceTimersByTimeAsync(50);
    expect(await hasty).toEqual(unavailable());
    release();
    expect(await patient).toEqual(active);
    expect(peek()).toEqual(active);
    expect(requests).toHaveLength(1);
  });

  it('fail together, and ask anew afterwards', async () => {
    const { introspect, answers, advance, requests } = createHarness(failing('ECONNREFUSED'));
    expect(await Promise.all([introspect(), introspect()])).toEqual([unavailable(), unavailable()]);
    expect(requests).toHaveLength(1);
    answers(answer(ACTIVE));
    advance(1);
    expect(await introspect()).toEqual(active);
  });
});

describe('time', () => {
  it.each([
    ['heeds its signal', hanging],
    ['does not', deaf],
    [
      'answers at once and then sends no body',
      (() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))) as Answer,
    ],
  ])('is bounded where fetch %s', async (_what, response) => {
    const { introspect, requests, reasons } = createHarness(response);
    let result: unknown;
    void introspect().then((late) => {
      result = late;
    });
    await vi.advanceTimersByTimeAsync(2999);
    expect(result).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(result).toEqual(unavailable());
    expect(requests[0]?.signal.aborted).toBe(true);
    expect(reasons()).toEqual(['no answer within 3000 ms']);
  });
});

describe('a flood of tokens', () => {
  const tokens = (count: number, name = 'junk') =>
    Array.from({ length: count }, (_, index) => `${name}-${index}`);

  it('has 64 requests under way, and the next one when one is answered', async () => {
    const { answer: slow, release } = held(INACTIVE);
    const { introspect, requests } = createHarness(slow);
    const results = tokens(100).map((token) => introspect(token));
    await settle();
    expect(requests).toHaveLength(64);
    release();
    await settle();
    expect(requests).toHaveLength(65);
    for (let rest = 0; rest < 99; rest += 1) {
      release();
      await settle();
    }
    expect(new Set((await Promise.all(results)).map(({ outcome }) => outcome))).toEqual(
      new Set(['inactive']),
    );
    expect(requests.map(({ form }) => form.get('token'))).toEqual(tokens(100));
  });

  it('counts the requests of all clients of the endpoint together, and of no other endpoint', async () => {
    const { answer: slow, release } = held(INACTIVE);
    const { introspect, requests } = createHarness(slow);
    const other = settingsOf({ client_id: 'other' });
    const elsewhere = settingsOf({ endpoint: 'https://other.example/introspect' });
    const results = [
      ...tokens(64).map((token) => introspect(token)),
      introspect('token', other),
      introspect('token', elsewhere),
    ];
    await settle();
    expect(requests).toHaveLength(65);
    expect(requests.at(-1)?.url).toBe('https://other.example/introspect');
    for (const _result of results) {
      release();
      await settle();
    }
    await Promise.all(results);
    expect(requests).toHaveLength(66);
  });

  it('is turned away at once when 256 wait', async () => {
    const { answer: slow, release } = held(INACTIVE);
    const { introspect, requests } = createHarness(slow);
    const waiting = tokens(64 + 256).map((token) => introspect(token));
    await settle();
    expect(await introspect('one-more')).toEqual(unavailable());
    expect(requests).toHaveLength(64);
    for (const _token of waiting) {
      release();
      await settle();
    }
    await Promise.all(waiting);
    expect(requests).toHaveLength(320);
  });

  it('waits no longer than its timeout, and is then not sent any more', async () => {
    const { answer: slow, release } = held(INACTIVE);
    const { introspect, requests, reasons } = createHarness(slow);
    const underWay = tokens(64).map((token) => introspect(token));
    const waiting = tokens(256, 'waiting').map((token) => introspect(token, settingsOf(), 100));
    await vi.advanceTimersByTimeAsync(100);
    expect(new Set((await Promise.all(waiting)).map(({ outcome }) => outcome))).toEqual(
      new Set(['unavailable']),
    );
    const roomAgain = introspect('waiting-0');
    for (let rest = 0; rest < 65; rest += 1) {
      release();
      await settle();
    }
    expect(await roomAgain).toEqual(inactive);
    await Promise.all(underWay);
    expect(requests).toHaveLength(65);
    expect(reasons()).toEqual([]);
  });

  it('lets tokens pass first that were active before, even with cache_seconds 0', async () => {
    const never = settingsOf({ cache_seconds: 0 });
    const { introspect, answers, requests } = createHarness();
    await introspect('good', never);
    const { answer: slow, release } = held(answer(ACTIVE));
    answers(slow);
    const flood = tokens(64 + 256).map((token) => introspect(token, never));
    const good = introspect('good', never);
    await settle();
    release();
    await settle();
    expect(requests.at(-1)?.form.get('token')).toBe('good');
    for (const _token of flood) {
      release();
      await settle();
    }
    expect(await good).toEqual(active);
    await Promise.all(flood);
  });

  it('lets a token that is no longer active wait its turn', async () => {
    const never = settingsOf({ cache_seconds: 0 });
    const { introspect, answers, requests } = createHarness();
    await introspect('revoked', never);
    answers(INACTIVE);
    await introspect('revoked', never);
    const { answer: slow, release } = held(INACTIVE);
    answers(slow);
    const flood = tokens(65).map((token) => introspect(token, never));
    const revoked = introspect('revoked', never);
    await settle();
    release();
    await settle();
    expect(requests.at(-1)?.form.get('token')).toBe('junk-64');
    for (const _token of flood) {
      release();
      await settle();
    }
    expect(await revoked).toEqual(inactive);
    await Promise.all(flood);
  });

  it('is answered at once from the moment that the endpoint fails', async () => {
    const { answer: slow, release } = held(failing('ECONNREFUSED'));
    const { introspect, requests } = createHarness(slow);
    const underWay = tokens(64).map((token) => introspect(token));
    const waiting = tokens(256, 'waiting').map((token) => introspect(token));
    await settle();
    release();
    for (const result of waiting) expect(await result).toEqual(unavailable());
    expect(requests).toHaveLength(64);
    for (const _token of underWay) release();
    await Promise.all(underWay);
  });
});

describe('an outage', () => {
  it('costs one request its timeout, and the others of a second nothing', async () => {
    const { introspect, advance, requests } = createHarness(hanging);
    const first = introspect('first');
    await vi.advanceTimersByTimeAsync(3000);
    expect(await first).toEqual(unavailable());
    expect(await introspect('second')).toEqual(unavailable());
    advance(0.999);
    expect(await introspect('third')).toEqual(unavailable());
    expect(requests).toHaveLength(1);
  });

  it('is felt by one request at a time once the second is over', async () => {
    const { introspect, answers, advance, requests } = createHarness(failing('ECONNREFUSED'));
    await introspect('first');
    advance(1);
    answers(hanging);
    const probe = introspect('probe');
    await settle();
    expect(await introspect('second')).toEqual(unavailable());
    advance(10);
    expect(await introspect('third')).toEqual(unavailable());
    expect(requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await probe).toEqual(unavailable());
    expect(await introspect('fourth')).toEqual(unavailable());
    expect(requests).toHaveLength(2);
  });

  it('is over when that one is answered', async () => {
    const { introspect, answers, advance, lines } = createHarness(failing('ECONNREFUSED'));
    await introspect('first');
    advance(1);
    answers(answer(ACTIVE));
    expect(await introspect('probe')).toEqual(active);
    expect(await Promise.all([introspect('second'), introspect('third')])).toEqual([
      active,
      active,
    ]);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'tokens cannot be introspected'],
      ['info', 'tokens can be introspected again'],
    ]);
  });

  it('does not touch what is in the cache', async () => {
    const { introspect, peek, answers } = createHarness();
    await introspect('good');
    answers(failing('ECONNREFUSED'));
    await introspect('other');
    expect(peek('good')).toEqual(active);
    expect(await introspect('good')).toEqual(active);
  });

  it('never makes an old answer do', async () => {
    const { introspect, answers, advance } = createHarness();
    await introspect();
    answers(failing('ECONNREFUSED'));
    advance(30);
    expect(await introspect()).toEqual(unavailable());
    expect(await introspect()).toEqual(unavailable());
  });

  it('is not declared for one failure among requests that are answered', async () => {
    const bad = held(failing('ECONNRESET'));
    const { introspect, answers, requests } = createHarness(bad.answer);
    const unlucky = introspect('unlucky');
    await settle();
    answers(answer(ACTIVE));
    expect(await introspect('good')).toEqual(active);
    answers(failing('ECONNRESET'));
    bad.release();
    expect(await unlucky).toEqual(unavailable());
    answers(answer(ACTIVE));
    expect(await introspect('another')).toEqual(active);
    expect(requests).toHaveLength(4);
  });

  it.each([
    ['a clock that is set back by an hour', -3600],
    ['a clock that is set forward by an hour', 3600],
  ])('is not prolonged by %s', async (_what, seconds) => {
    const { introspect, answers, advance } = createHarness(failing('ECONNREFUSED'));
    await introspect('first');
    answers(answer(ACTIVE));
    advance(seconds);
    expect(await introspect('second')).toEqual(active);
  });

  it('of one client is not that of another', async () => {
    const other = settingsOf({ client_secret: 'right' });
    const { introspect } = createHarness((request) =>
      request.headers.get('authorization')?.endsWith(btoa('gateway:right'))
        ? answer(ACTIVE)(request)
        : answer({ error: 'invalid_client' }, 401)(request),
    );
    expect(await introspect('token')).toEqual(unavailable());
    expect(await introspect('token', other)).toEqual(active);
  });
});

describe('a token that the endpoint cannot cope with', () => {
  it.each<[string, Answer]>([
    ['is answered with status 500', answer({}, 500)],
    ['is answered with status 400', answer({ error: 'unsupported_token_type' }, 400)],
    ['is answered with status 403', answer('blocked', 403)],
    ['is answered with nonsense', answer('<html>')],
  ])('that %s keeps no other from being asked about', async (_what, response) => {
    const { introspect, answers, requests } = createHarness(response);
    expect(await introspect('../../etc/passwd')).toEqual(unavailable());
    answers(answer(ACTIVE));
    expect(await introspect('good')).toEqual(active);
    expect(requests).toHaveLength(2);
  });

  it('is itself asked about again after a second', async () => {
    const { introspect, peek, answers, advance, requests } = createHarness(answer({}, 500));
    await introspect();
    advance(0.999);
    expect(peek()).toEqual(unavailable());
    expect(await introspect()).toEqual(unavailable());
    expect(requests).toHaveLength(1);
    answers(answer(ACTIVE));
    advance(0.001);
    expect(peek()).toBeUndefined();
    expect(await introspect()).toEqual(active);
  });

  it('does not cost others the answer that they may still use', async () => {
    const long = settingsOf({ cache_seconds: 300 });
    const { introspect, peek, answers, advance } = createHarness();
    await introspect();
    answers(answer({}, 500));
    advance(30);
    expect(await introspect()).toEqual(unavailable());
    expect(peek('token', long)).toEqual(active);
  });

  it('does not fill the log', async () => {
    const { introspect, answers, advance, lines } = createHarness();
    for (let turn = 0; turn < 100; turn += 1) {
      answers(answer({}, 500));
      await introspect(`junk-${turn}`);
      answers(answer(ACTIVE));
      await introspect(`good-${turn}`);
    }
    expect(lines).toHaveLength(2);
    advance(10);
    answers(answer({}, 500));
    await introspect('junk');
    expect(lines).toHaveLength(3);
  });
});

describe('an endpoint that asks to be left alone', () => {
  it.each([429, 503])('with status %i is, for as long as it says', async (status) => {
    const { introspect, answers, advance, requests } = createHarness(
      answer('', status, { 'retry-after': '20' }),
    );
    expect(await introspect('first')).toEqual(unavailable(20));
    answers(answer(ACTIVE));
    advance(5.5);
    expect(await introspect('second')).toEqual(unavailable(15));
    advance(14.4);
    expect(await introspect('third')).toEqual(unavailable(1));
    expect(requests).toHaveLength(1);
    advance(0.1);
    expect(await introspect('fourth')).toEqual(active);
  });

  it('is left alone for a minute at most', async () => {
    const { introspect, answers, advance } = createHarness(
      answer('', 503, { 'retry-after': '86400' }),
    );
    expect(await introspect('first')).toEqual(unavailable(60));
    answers(answer(ACTIVE));
    advance(60);
    expect(await introspect('second')).toEqual(active);
  });

  it('is so even when a request before that is answered still', async () => {
    const good = held(answer(ACTIVE));
    const { introspect, answers } = createHarness(good.answer);
    const early = introspect('early');
    await settle();
    answers(answer('', 429, { 'retry-after': '20' }));
    await introspect('first');
    good.release();
    expect(await early).toEqual(active);
    expect(await introspect('second')).toEqual(unavailable(20));
  });

  it('is asked again after a second where it does not say when', async () => {
    const { introspect, answers, advance } = createHarness(
      answer('', 503, { 'retry-after': 'later' }),
    );
    expect(await introspect('first')).toEqual(unavailable());
    answers(answer(ACTIVE));
    advance(1);
    expect(await introspect('second')).toEqual(active);
  });
});

describe('the log', () => {
  it('tells each trouble once, however often it is met', async () => {
    const { introspect, answers, advance, reasons } = createHarness(failing('ECONNREFUSED'));
    const meet = async () => {
      await introspect();
      advance(1);
    };
    await meet();
    await meet();
    answers(answer('', 502));
    await meet();
    await meet();
    answers(failing('ECONNREFUSED'));
    await meet();
    answers(answer(ACTIVE));
    await meet();
    expect(reasons()).toEqual([
      'the request failed: ECONNREFUSED',
      'the endpoint answered with status 502',
      'tokens can be introspected again',
    ]);
    advance(30);
    answers(failing('ECONNREFUSED'));
    await meet();
    expect(reasons()).toHaveLength(4);
  });

  it('says how to mend credentials, and nothing of them', async () => {
    const { introspect, lines } = createHarness(
      answer({ error: 'invalid_client', error_description: 'the-secret is wrong' }, 401),
    );
    await introspect('the-token');
    const text = JSON.stringify(lines);
    expect(text).toContain('check client_id, client_auth_method, the secret or key');
    expect(text).not.toMatch(/the-secret|the-token|is wrong/);
  });

  it('may fail without harm', async () => {
    const broken = () => {
      throw new Error('disk full');
    };
    const introspector = createIntrospector({
      clock: () => 0,
      fetch: async () => new Response('', { status: 500 }),
      logger: { info: broken, warn: broken, error: broken },
    });
    expect(await introspector.introspect('token', settingsOf(), 100)).toEqual(unavailable());
  });
});
