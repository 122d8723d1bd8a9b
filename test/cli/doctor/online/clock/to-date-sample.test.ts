import { expect, it } from 'vitest';
import { toDateSample } from '../../../../../src/cli/doctor/online/clock/to-date-sample.ts';

const DATE = 'Sat, 21 Nov 2026 10:00:00 GMT';
const NOW = Date.parse(DATE);
const answer = (changes: object = {}) => ({
  url: 'https://id.test/keys',
  date: DATE,
  age: '',
  sent_at_ms: NOW + 100,
  received_at_ms: NOW + 900,
  ...changes,
});

it('compares the middle of the exchange with the middle of the second that Date names', () => {
  expect(toDateSample(answer())).toEqual({ host: 'id.test', ahead_ms: 0, uncertainty_ms: 900 });
});

it('takes a clock that is ahead for ahead', () => {
  const at = { sent_at_ms: NOW + 60_000, received_at_ms: NOW + 61_000 };
  expect(toDateSample(answer(at))?.ahead_ms).toBe(60_000);
});

it('adds the age of an answer from a cache', () => {
  const at = { age: '60', sent_at_ms: NOW + 60_000, received_at_ms: NOW + 61_000 };
  expect(toDateSample(answer(at))?.ahead_ms).toBe(0);
});

it.each([
  ['without a date', { date: '' }],
  ['with a date that is none', { date: 'yesterday GMT' }],
  ['that took too long', { received_at_ms: NOW + 10_000 }],
  ['during which the clock was set back', { received_at_ms: NOW }],
  ['that is too old', { age: '999999' }],
])('learns nothing of an answer %s', (_, changes) => {
  expect(toDateSample(answer(changes))).toBeUndefined();
});
