import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IdToken } from '../../src/cloud-run/check-id-token.ts';
import { createSharedMints, type MintOptions } from '../../src/cloud-run/shared-mints.ts';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { type SharedState, SharedStateUnavailable } from '../../src/core/shared-state.ts';
import { frozenClock, settle } from './support.ts';

const KEY = 'k'.repeat(43);
const HOUR = 3_600_000;
const clock = frozenClock();

let state: SharedState;
let minted: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  state = createLocalSharedState({ clock });
  minted = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function token(text = `t${minted}`, life_ms = HOUR): IdToken {
  return { text, minted_at_ms: clock(), expires_at_ms: clock() + life_ms };
}

async function mintOne(): Promise<IdToken> {
  minted += 1;
  return token();
}

const fail = (message = 'the source is down') =>
  vi.fn(async () => {
    throw new Malfunction(message);
  });

/** One of several processes that share the state. */
function process(shared = state) {
  const mints = createSharedMints({ state: shared, clock });
  const mint = (
    work: MintOptions['work'] = mintOne,
    isWanted: MintOptions['isWanted'] = () => true,
  ) => mints.mint(KEY, { isWanted, work, restMs: (failures) => failures * 1000 });
  return { ...mints, mint, known: () => mints.of(KEY) };
}

const never = () => new Promise<IdToken>(() => {});

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

  it('fail once, with the reason of the one that tried, and rest together', async () => {
    const all = [process(), process(), process()];
    const work = fail();
    const results = await Promise.allSettled(all.map(({ mint }) => mint(work)));
    expect(work).toHaveBeenCalledTimes(1);
    for (const result of results) {
      expect(result).toMatchObject({ reason: { message: 'the source is down' } });
    }
    for (const { known } of [...all, process()]) {
      expect(known().failure).toMatchObject({ failures: 1, retry_at_ms: clock() + 1000 });
    }
    await all[1]?.mint(work).catch(() => {});
    expect(all[2]?.known().failure).toMatchObject({ failures: 2, retry_at_ms: clock() + 2000 });
  });

  it('are told nothing that a library says of its failure', async () => {
    const [one, two] = [process(), process()];
    const secret = async () => {
      throw new TypeError('eyJ.secret');
    };
    const results = await Promise.allSettled([one.mint(secret), two.mint(secret)]);
    expect(results[1]).toMatchObject({ reason: { message: 'TypeError' } });
    expect(two.known().failure?.reason).toBe('TypeError');
  });

  it('mint again after a failure, once, and forget the failure', async () => {
    const [one, two] = [process(), process()];
    await one.mint(fail()).catch(() => {});
    await Promise.all([one.mint(), two.mint()]);
    expect(minted).toBe(1);
    expect([one.known().failure, two.known().failure]).toEqual([undefined, undefined]);
  });
});

/** Of a process that has ended, or cannot be heard: it claims, and nothing comes of it. */
function mute(): SharedState {
  return { ...state, publish: () => Promise.reject(new SharedStateUnavailable('gone')) };
}

describe('a process that mints', () => {
  it('and is slow is waited for, as it gives signs of life', async () => {
    const [one, two] = [process(), process()];
    const slow = open();
    void one.mint(slow.work);
    const waiting = two.mint();
    await settle();
    for (let second = 0; second < 9; second += 1) await vi.advanceTimersByTimeAsync(1000);
    expect(minted).toBe(0);
    slow.end(token('slow'));
    expect((await waiting).text).toBe('slow');
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and falls silent is not waited for, and all get what the first of the others has', async () => {
    void process(mute()).mint(never);
    const works = [open(), open(), open()];
    const waiting = works.map(({ work }) => process().mint(work));
    await settle();
    await vi.advanceTimersByTimeAsync(1500);
    works[1]?.end(token('first'));
    expect((await Promise.all(waiting)).map(({ text }) => text)).toEqual([
      'first',
      'first',
      'first',
    ]);
    for (const { end } of works) end(token('late'));
  });

  it('and falls silent before the clock is put back does not keep others from minting', async () => {
    for (let dead = 0; dead < 5; dead += 1) void process(mute()).mint(never);
    await settle();
    clock.advance(-HOUR);
    const waiting = process().mint();
    await settle();
    await vi.advanceTimersByTimeAsync(1500);
    expect((await waiting).text).toBe('t1');
    clock.advance(HOUR);
  });

  it('a token too long to be told costs the others a wait, all at once', async () => {
    const long = vi.fn(async () => token('x'.repeat(5000)));
    const results = [process(), process(), process()].map(({ mint }) => mint(long));
    await settle();
    await vi.advanceTimersByTimeAsync(1500);
    expect(await Promise.all(results)).toHaveLength(3);
    expect(long).toHaveBeenCalledTimes(3);
  });

  it('has what another minted meanwhile, where that is wanted', async () => {
    const [one, two] = [process(mute()), process()];
    const waiting = one.mint(open().work);
    await settle();
    const other = two.mint();
    await settle();
    await vi.advanceTimersByTimeAsync(1500);
    expect([(await waiting).text, (await other).text]).toEqual(['t1', 't1']);
  });
});

describe('a token that another process has minted', () => {
  it('is known to all, those that start later included, even while attempts fail', async () => {
    const [one, two] = [process(), process()];
    await one.mint();
    await one.mint(fail(), () => false).catch(() => {});
    for (const { known } of [two, process()]) {
      expect(known()).toMatchObject({ token: { text: 't1' }, failure: { failures: 1 } });
    }
  });

  it('is taken where it is wanted, and not where it is not', async () => {
    const [one, two] = [process(), process()];
    const slow = open();
    void one.mint(slow.work);
    const [wanted, unwanted] = [two.mint(), process().mint(undefined, () => false)];
    await settle();
    slow.end(token('of one'));
    expect((await wanted).text).toBe('of one');
    expect((await unwanted).text).toBe('t1');
  });

  it('stays where a leftover comes that ends before it, as of now', async () => {
    const one = process();
    await one.mint();
    clock.advance(60_000);
    await one.mint(
      async () => token('leftover', 240_000),
      () => false,
    );
    // Also in a process that starts later.
    for (const { known } of [one, process()]) {
      expect(known().token).toEqual({
        text: 't1',
        minted_at_ms: clock(),
        expires_at_ms: clock() - 60_000 + HOUR,
      });
    }
  });

  it('goes where the clock was put back since', async () => {
    const one = process();
    await one.mint();
    clock.advance(-HOUR);
    await one.mint(undefined, () => false);
    expect(one.known().token?.text).toBe('t2');
  });
});

describe('a token that is rejected', () => {
  it('is so in all processes, those without it and those that start later included', async () => {
    const [one, two] = [process(), process()];
    const given = await one.mint();
    one.reject(KEY, given);
    await settle();
    for (const { known } of [one, two, process()]) {
      expect(known().rejected_until_ms).toBe(given.minted_at_ms);
    }
  });

  it('is followed by a new one, though that lives no longer', async () => {
    const [one, two] = [process(), process()];
    one.reject(KEY, await one.mint());
    clock.advance(60_000);
    await two.mint(
      async () => token('new', HOUR - 60_000),
      () => false,
    );
    expect([one, two].map(({ known }) => known().token?.text)).toEqual(['new', 'new']);
  });

  it('is told by a process that has just started as well as by any other', async () => {
    const one = process();
    for (let attempt = 0; attempt < 5; attempt += 1) await one.mint(undefined, () => false);
    clock.advance(700_000);
    const late = process();
    const { token: known } = late.known();
    if (known === undefined) throw new Error('it does not know the token');
    late.reject(KEY, known);
    await settle();
    expect(one.known().rejected_until_ms).toBe(known.minted_at_ms);
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

  it('what cannot be told does not keep the others for long', async () => {
    const full = mute();
    const all = [process(full), process(full)].map(({ mint }) => mint());
    await settle();
    await vi.advanceTimersByTimeAsync(1500);
    expect(await Promise.all(all)).toHaveLength(2);
  });
});
