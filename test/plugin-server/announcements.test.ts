import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Announcements, type Listener } from '../../src/plugin-server/announcements.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function listener(silentMs = 0): Listener & { kill: ReturnType<typeof vi.fn<() => void>> } {
  return { silentMs, kill: vi.fn<() => void>() };
}

it('is over once all know it, those that have ended left out', () => {
  const announcements = new Announcements();
  const [one, two] = [listener(), listener()];
  const onKnown = vi.fn<() => void>();
  announcements.begin(1, [one, two], onKnown);
  announcements.known(1, one);
  announcements.known(1, one);
  announcements.known(2, two);
  expect(onKnown).not.toHaveBeenCalled();
  expect(announcements.isOpen(1)).toBe(true);
  announcements.ended(two);
  expect(onKnown).toHaveBeenCalledOnce();
  expect(announcements.isOpen(1)).toBe(false);
  announcements.known(1, two);
  expect(onKnown).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

it('is over at once where nobody is waited for', () => {
  const onKnown = vi.fn<() => void>();
  new Announcements().begin(1, [], onKnown);
  expect(onKnown).toHaveBeenCalledOnce();
});

it('ends those that are silent and do not know it, and no others', () => {
  const announcements = new Announcements();
  const [aware, slow, silent] = [listener(60_000), listener(2_000), listener(60_000)];
  announcements.begin(1, [aware, slow, silent], () => {});
  announcements.known(1, aware);
  vi.advanceTimersByTime(3_999);
  expect(silent.kill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(silent.kill).toHaveBeenCalledOnce();
  expect(aware.kill).not.toHaveBeenCalled();
  expect(slow.kill).not.toHaveBeenCalled();
  announcements.ended(silent);
  announcements.ended(slow);
});
