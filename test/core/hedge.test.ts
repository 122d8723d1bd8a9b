import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hedge } from '../../src/core/hedge.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const OPTIONS = { after_ms: 2000, limit_ms: 10_000, late: () => new Error('late') };

/** Tasks that take so long each, or fail then. */
function tasks(...lives: { ms: number; fails?: boolean }[]) {
  const signals: AbortSignal[] = [];
  const task = (signal: AbortSignal) => {
    const index = signals.push(signal) - 1;
    const { ms, fails = false } = lives[index] ?? { ms: 0 };
    return new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => (fails ? reject(new Error(`${index}`)) : resolve(index)), ms);
      signal.addEventListener('abort', () => clearTimeout(timer));
    });
  };
  return { task, signals };
}

async function outcome(...lives: { ms: number; fails?: boolean }[]) {
  const { task, signals } = tasks(...lives);
  const start = Date.now();
  let took = 0;
  const result = hedge(task, OPTIONS)
    .catch((error: Error) => error.message)
    .finally(() => {
      took = Date.now() - start;
    });
  await vi.advanceTimersByTimeAsync(11_000);
  return {
    result: await result,
    took,
    started: signals.length,
    aborted: signals.every((s) => s.aborted),
  };
}

describe('a task with a second beside it', () => {
  it.each([
    ['is run once where it is quick', [{ ms: 100 }], 0, 100, 1],
    ['is waited for where it is slow', [{ ms: 2900 }, { ms: 5000 }], 0, 2900, 2],
    ['is overtaken where its answer is lost', [{ ms: 60_000 }, { ms: 100 }], 1, 2100, 2],
    ['is not repeated where it fails at once', [{ ms: 100, fails: true }], '0', 100, 1],
    ['may fail while the second goes on', [{ ms: 3000, fails: true }, { ms: 4000 }], 1, 6000, 2],
    ['may go on while the second fails', [{ ms: 4000 }, { ms: 100, fails: true }], 0, 4000, 2],
    [
      'fails with the second where both fail',
      [
        { ms: 3000, fails: true },
        { ms: 2000, fails: true },
      ],
      '1',
      4000,
      2,
    ],
    ['is given up in the end', [{ ms: 60_000 }, { ms: 60_000 }], 'late', 10_000, 2],
  ])('%s', async (_, lives, result, took, started) => {
    expect(await outcome(...lives)).toEqual({ result, took, started, aborted: true });
  });

  it('that throws where it should reject fails like any other', async () => {
    const thrown = hedge(() => {
      throw new TypeError('at once');
    }, OPTIONS);
    await expect(thrown).rejects.toThrow('at once');
  });
});
