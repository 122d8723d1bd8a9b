import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IdToken } from '../../src/cloud-run/check-id-token.ts';
import { createSharedMints } from '../../src/cloud-run/shared-mints.ts';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { type SharedState, SharedStateUnavailable } from '../../src/core/shared-state.ts';
import { frozenClock, settle } from './support.ts';

const KEY = 'k'.repeat(43);
const HOUR = 3_600_000;
const clock = frozenClock();

let state: SharedState;
let minted: number;
let rejected: [string, number][];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  state = createLocalSharedState({ clock });
  minted = 0;
  rejected = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function token(text = `t${minted}`): IdToken {
  return { text, minted_at_ms: clock(), expires_at_ms: clock() + HOUR };
}

/** One of several processes that share the state. */
function process(shared = state) {
  const mints = createSharedMints({
    state: shared,
    clock,
    onRejected: (key, minted_at_ms) => rejected.push([key, minted_at_ms]),
  });
  const mint = (work = async () => mintOne(), isWanted = (_: IdToken) => true) =>
    mints.mint(KEY, { isWanted, limit_ms: 10_000 }, work);
  return { ...mints, mint };
}

function mintOne(): IdToken {
  minted += 1;
  return token();
}

/** Work that ends when it is told to. */
function open() {
  let end: (token: IdToken) => void = () => {};
  const promise = new Promise<IdToken>((resolve) => {
    end = resolve;
  });
  return { work: () => promise, end: (token: IdToken) => end(token) };
}

describe('processes that want the same token at the same time', () => {
  it('mint once', async () => {
    const results = await Promise.all([process(), process(), process()].map(({ mint }) => mint()));
    expect(minted).toBe(1);
    expect(new Set(results.map(({ text }) => text))).toEqual(new Set(['t1']));
  });

  it('fail once, with the reason of the one that tried', async () => {
    const fail = vi.fn(async () => {
      throw new Malfunction('the source is down');
    });
    const results = await Promise.allSettled(
      [process(), process(), process()].map(({ mint }) => mint(fail)),
    );
    expect(fail).toHaveBeenCalledTimes(1);
    for (const result of results) {
      expect(result).toMatchObject({ reason: { message: 'the source is down' } });
    }
  });

  it('are told nothing that a library says of its failure', async () => {
    const [one, two] = [process(), process()];
    const secret = async () => {
      throw new TypeError('eyJ.secret');
    };
    const results = await Promise.allSettled([one.mint(secret), two.mint(secret)]);
    expect(results[1]).toMatchObject({ reason: { message: 'TypeError' } });
  });

  it('mint again after a failure, once', async () => {
    const [one, two] = [process(), process()];
    await one.mint(() => Promise.reject(new Malfunction('down'))).catch(() => {});
    await Promise.all([one.mint(), two.mint()]);
    expect(minted).toBe(1);
  });

  it('try for themselves once the one that mints has not told in time', async () => {
    const [one, two] = [process(), process()];
    const dead = open();
    void one.mint(dead.work);
    const waiting = two.mint().catch((error: Error) => error.message);
    await settle();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await waiting).toBe('the process that mints did not tell within 10000 ms');
    clock.advance(11_000);
    expect((await two.mint()).text).toBe('t1');
    dead.end(token('late'));
  });
});

describe('a token that another process has minted', () => {
  it('is known to all, those that start later included, even while attempts fail', async () => {
    const [one, two] = [process(), process()];
    await one.mint();
    await one
      .mint(
        () => Promise.reject(new Malfunction('down')),
        () => false,
      )
      .catch(() => {});
    expect(two.latest(KEY)?.text).toBe('t1');
    expect(process().latest(KEY)?.text).toBe('t1');
  });

  it('is taken where it is wanted, and not where it is not', async () => {
    const [one, two] = [process(), process()];
    await one.mint();
    expect((await two.mint()).text).toBe('t1');
    expect((await two.mint(undefined, () => false)).text).toBe('t2');
    expect(minted).toBe(2);
  });

  it('is minted by each where it is too long to be shared', async () => {
    const [one, two] = [process(), process()];
    const long = vi.fn(async () => token('x'.repeat(5000)));
    const results = await Promise.all([one.mint(long), two.mint(long)]);
    expect(long).toHaveBeenCalledTimes(2);
    expect(results.map(({ text }) => text.length)).toEqual([5000, 5000]);
  });
});

describe('a token that is rejected', () => {
  it('is so in all processes', async () => {
    const [one] = [process(), process()];
    const given = await one.mint();
    one.reject(KEY, given);
    await settle();
    expect(rejected).toEqual([
      [KEY, given.minted_at_ms],
      [KEY, given.minted_at_ms],
    ]);
  });

  it('does not come back from the attempt that brought it', async () => {
    const [one, two] = [process(), process()];
    one.reject(KEY, await one.mint());
    await settle();
    expect((await two.mint()).text).toBe('t2');
  });

  it('while another process waits for it has that one try again', async () => {
    const [one, two] = [process(), process()];
    const slow = open();
    void one.mint(slow.work);
    const waiting = two.mint();
    await settle();
    one.reject(KEY, token('old'));
    expect((await waiting).text).toBe('t1');
    slow.end(token('slow'));
  });
});

describe('without a primary process that answers', () => {
  it('each process mints for itself', async () => {
    const unavailable = () => Promise.reject(new SharedStateUnavailable('gone'));
    const alone: SharedState = { ...state, claim: unavailable, publish: unavailable };
    const results = await Promise.all([process(alone), process(alone)].map(({ mint }) => mint()));
    expect(results).toHaveLength(2);
    expect(minted).toBe(2);
  });
});
