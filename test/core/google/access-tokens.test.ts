import { beforeEach, describe, expect, it } from 'vitest';
import type { AccessTokenSource } from '../../../src/core/google/access-token-source.ts';
import { createAccessTokens } from '../../../src/core/google/access-tokens.ts';
import { type FrozenClock, frozenClock, settle } from '../../policy/context/support.ts';

let clock: FrozenClock;
let fetched: string[];
let fail: boolean;
beforeEach(() => {
  clock = frozenClock();
  fetched = [];
  fail = false;
});

function source(credential = 'one'): AccessTokenSource {
  return {
    credential,
    fetchAccessToken: async (scope) => {
      fetched.push(scope);
      if (fail) throw new Error('ya29.secret');
      return { text: `${credential}-${fetched.length}`, expires_at_ms: clock() + 3_600_000 };
    },
  };
}

function create() {
  const tokens = createAccessTokens({ clock, random: () => 0 });
  const from = source();
  return {
    get: (scope: string, of = from) => tokens.get(of, scope),
    reject: (scope: string, token: string) => tokens.reject(from, scope, token),
  };
}

describe('an access token', () => {
  it('is fetched once for all who want it at the same time', async () => {
    const tokens = create();
    const all = await Promise.all(Array.from({ length: 100 }, () => tokens.get('a')));
    expect(new Set(all)).toEqual(new Set(['one-1']));
    expect(await tokens.get('b')).toBe('one-2');
    expect(fetched).toEqual(['a', 'b']);
  });

  it('is renewed in the background before it expires', async () => {
    const tokens = create();
    await tokens.get('a');
    clock.advance(3600 - 226);
    await tokens.get('a');
    expect(fetched).toHaveLength(1);
    clock.advance(1);
    expect(await tokens.get('a')).toBe('one-1');
    await settle();
    expect(await tokens.get('a')).toBe('one-2');
  });

  it('serves on while it cannot be renewed, asked for now and then', async () => {
    const tokens = create();
    await tokens.get('a');
    fail = true;
    clock.advance(3600 - 200);
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await tokens.get('a')).toBe('one-1');
      await settle();
    }
    expect(fetched).toHaveLength(2);
    clock.advance(1);
    await tokens.get('a');
    expect(fetched).toHaveLength(3);
  });

  it('is not sent in its last seconds', async () => {
    const tokens = create();
    await tokens.get('a');
    fail = true;
    clock.advance(3590);
    await expect(tokens.get('a')).rejects.toThrow('no access token can be had: Error');
  });

  it('is forgotten where an API did not take it, and only that one', async () => {
    const tokens = create();
    await tokens.get('a');
    clock.advance(30);
    tokens.reject('a', 'another');
    expect(await tokens.get('a')).toBe('one-1');
    tokens.reject('a', 'one-1');
    expect(await tokens.get('a')).toBe('one-2');
  });

  it('is kept where it has just come, however often an API does not take it', async () => {
    const tokens = create();
    for (let request = 0; request < 100; request += 1) {
      tokens.reject('a', await tokens.get('a'));
      clock.advance(1);
    }
    expect(fetched).toHaveLength(4);
  });

  it('is not asked for again and again by many where its source fails', async () => {
    const tokens = create();
    fail = true;
    const all = () =>
      Promise.allSettled(Array.from({ length: 50 }, () => tokens.get('a'))).then((results) =>
        results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'a token')),
      );
    for (let second = 0; second < 60; second += 1) {
      expect(new Set(await all())).toEqual(
        new Set(['Malfunction: no access token can be had: Error']),
      );
      clock.advance(1);
    }
    // After 1, 2, 4, 8, 10 … seconds.
    expect(fetched).toHaveLength(9);
    fail = false;
    clock.advance(10);
    expect(await tokens.get('a')).toBe('one-10');
  });

  it('is left for as long as the one who refuses it says, within half a minute', async () => {
    const tokens = createAccessTokens({ clock, random: () => 0 });
    let calls = 0;
    const busy: AccessTokenSource = {
      credential: 'busy',
      fetchAccessToken: async () => {
        calls += 1;
        const response = { status: 429, headers: new Headers({ 'retry-after': '20' }) };
        throw Object.assign(new Error('busy'), { response });
      },
    };
    const get = () => tokens.get(busy, 'a').catch((error: Error) => error.message);
    expect(await get()).toBe('no access token can be had: HTTP 429');
    clock.advance(19);
    await get();
    expect(calls).toBe(1);
    clock.advance(1);
    await get();
    expect(calls).toBe(2);
  });

  it('is kept for each credential by itself, which several sources may stand for', async () => {
    const tokens = create();
    await tokens.get('a');
    expect(await tokens.get('a', source())).toBe('one-1');
    expect(await tokens.get('a', source('two'))).toBe('two-2');
    expect(await tokens.get('a')).toBe('one-1');
  });

  it('is waited for as long as its source needs', async () => {
    const never = { ...source(), fetchAccessToken: () => new Promise<never>(() => {}) };
    await expect(create().get('a', { ...never, fetch_limit_ms: 20 })).rejects.toThrow(
      'no access token can be had: no answer within 20 ms',
    );
  });
});
