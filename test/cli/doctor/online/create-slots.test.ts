import { expect, it } from 'vitest';
import { createSlots } from '../../../../src/cli/doctor/online/create-slots.ts';

it('runs so many tasks at a time, and the others as soon as one is over', async () => {
  const slots = createSlots(2);
  const releases: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const task = async (name: number) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => releases.push(resolve));
    running -= 1;
    return name;
  };
  const all = Promise.all([1, 2, 3, 4, 5].map((name) => slots.run(() => task(name))));
  for (let done = 0; done < 5; done += 1) {
    while (releases.length <= done) await new Promise(setImmediate);
    releases[done]?.();
  }
  expect(await all).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

it('gives its place on after a failure', async () => {
  const slots = createSlots(1);
  const failing = slots.run(() => Promise.reject(new Error('broken')));
  const next = slots.run(async () => 'next');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('next');
});
