import { expect, it } from 'vitest';
import { judgeClock } from '../../../../../src/cli/doctor/online/clock/judge-clock.ts';

const sample = (ahead_ms: number, host = 'id.test', uncertainty_ms = 600) => ({
  host,
  ahead_ms,
  uncertainty_ms,
});

it.each([
  [[0], 'ok'],
  [[9000], 'ok'],
  [[10_500], 'ok'],
  [[11_000], 'warning'],
  [[-11_000], 'warning'],
  [[30_500], 'warning'],
  [[31_000], 'error'],
  [[-31_000], 'error'],
  // One server that is wrong does not count against two that agree.
  [[0, 0, 90_000], 'ok'],
  [[90_000, 90_000, 0], 'error'],
  [[0, 90_000], 'ok'],
])('%j ms ahead is %s', (aheads, severity) => {
  const samples = aheads.map((ahead_ms, index) => sample(ahead_ms, `host-${index}`));
  expect(judgeClock(samples, 30).severity).toBe(severity);
});

it('says by how much and how to mend it', () => {
  expect(judgeClock([sample(-45_000)], 30)).toEqual({
    check: 'clock',
    severity: 'error',
    message:
      "This machine's clock is 45 s behind that of id.test, more than the leeway_seconds of 30: good tokens are refused or expired ones accepted.",
    fix: 'sudo chronyc makestep   # or, without chrony: sudo timedatectl set-ntp true',
  });
});

it('says that nobody told the time', () => {
  expect(judgeClock([], 30)).toMatchObject({ severity: 'info' });
});
