import type { Clock } from '../../../../core/clock.ts';
import { googleRequest } from '../../../../core/google/google-request.ts';
import { withinTime } from '../../../../core/within-time.ts';
import type { ObservedAnswer } from '../issuer/observed-answer.ts';

/** Asks Google's servers for nothing but their time, without credentials. Never rejects: who does not answer is left out. */
export async function askGoogleDates(
  endpoints: readonly string[],
  { clock, timeout_ms }: { clock: Clock; timeout_ms: number },
): Promise<ObservedAnswer[]> {
  const answers = await Promise.all(
    endpoints.map((url) => askDate(url, { clock, timeout_ms }).catch(() => undefined)),
  );
  return answers.filter((answer) => answer !== undefined);
}

async function askDate(
  url: string,
  { clock, timeout_ms }: { clock: Clock; timeout_ms: number },
): Promise<ObservedAnswer> {
  const sent_at_ms = clock();
  const { status, headers } = await withinTime(
    timeout_ms,
    (signal) =>
      googleRequest<unknown>(
        { url, method: 'HEAD', validateStatus: () => true, responseType: 'text' },
        { signal, retries: 0 },
      ),
    () => new Error('late'),
  );
  const date = headers.get('date') ?? '';
  const age = headers.get('age') ?? '';
  const received_at_ms = clock();
  return { url, status, content_type: '', location: '', date, age, sent_at_ms, received_at_ms };
}
