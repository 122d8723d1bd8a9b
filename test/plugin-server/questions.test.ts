import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WorkerMessage } from '../../src/plugin-server/messages.ts';
import { Questions } from '../../src/plugin-server/shared-state/questions.ts';

const CLAIM = { type: 'claim' as const, claims: [] };

let sent: WorkerMessage[];
let questions: Questions;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  sent = [];
  questions = new Questions({ isOpen: true, tell: (message) => sent.push(message) }, 2);
});
afterEach(() => {
  vi.useRealTimers();
});

it('are answered by their numbers', async () => {
  const answers = [questions.ask(CLAIM), questions.ask(CLAIM)];
  const [first, second] = sent.map((message) => ('request' in message ? message.request : 0));
  questions.answer(second ?? 0, 'to the second');
  questions.answer(first ?? 0, 'to the first');
  expect(await Promise.all(answers)).toEqual(['to the first', 'to the second']);
  expect(vi.getTimerCount()).toBe(0);
});

it('are not asked where too many are unanswered, those given up included', async () => {
  const asked = Promise.allSettled([questions.ask(CLAIM), questions.ask(CLAIM)]);
  await expect(questions.ask(CLAIM)).rejects.toThrow('too many questions');
  vi.advanceTimersByTime(2_000);
  expect(await asked).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  await expect(questions.ask(CLAIM)).rejects.toThrow('too many questions');
  expect(sent).toHaveLength(2);
  questions.answer(1, 'late');
  const answered = questions.ask<string>(CLAIM);
  questions.answer(3, 'in time');
  expect(await answered).toBe('in time');
});
