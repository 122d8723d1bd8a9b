import type { Clock } from '../../../../core/clock.ts';
import type { ObservedAnswer } from './observed-answer.ts';

/** A `fetch` that writes down what answers it got. */
export interface ObservedFetch {
  fetch: typeof globalThis.fetch;
  /** In the order in which they came. */
  answers: readonly ObservedAnswer[];
  /** Hears each answer before whoever asked does; it may look at a copy of the body. */
  onAnswer(hear: (response: Response) => void): void;
}

export function observeFetch(fetch: typeof globalThis.fetch, clock: Clock): ObservedFetch {
  const answers: ObservedAnswer[] = [];
  let hear: (response: Response) => void = () => {};
  return {
    answers,
    onAnswer(listener) {
      hear = listener;
    },
    async fetch(input, init) {
      const sent_at_ms = clock();
      const response = await fetch(input, init);
      const read = (name: string) => response.headers.get(name) ?? '';
      answers.push({
        url: input instanceof Request ? input.url : String(input),
        status: response.status,
        content_type: (read('content-type').split(';')[0] ?? '').trim().toLowerCase(),
        location: read('location'),
        date: read('date'),
        age: read('age'),
        sent_at_ms,
        received_at_ms: clock(),
      });
      hear(response);
      return response;
    },
  };
}
