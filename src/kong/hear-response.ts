import { Malfunction } from '../core/malfunction.ts';
import type { Afterwards } from '../core/stage.ts';
import type { KongPdk } from './pdk.ts';
import { readFacts } from './read-facts.ts';

/**
 * Tells a stage of the upstream's response, where it concerns it. Of most responses only the status is asked for.
 *
 * @param isMeant whether Kong runs the instance that it means to run
 * @throws Malfunction where Kong's answers are not usable, or the signal's reason once that is aborted
 */
export async function hearResponse(
  kong: KongPdk,
  { needs, response_headers, concerns, hear }: Afterwards,
  { isMeant, signal }: { isMeant: () => Promise<boolean>; signal: AbortSignal },
): Promise<void> {
  const status = await kong.response.getStatus();
  if (typeof status !== 'number') throw new Malfunction('Kong gave no status');
  if (!concerns({ status }) || !(await isMeant())) return;
  // Of an answer by Kong or a plugin there is nothing to learn, and anybody can have as many 401 as they want.
  if ((await kong.response.getSource()) !== 'service') return;
  const headers: Record<string, string> = {};
  for (const name of response_headers) {
    Object.assign(headers, { [name]: textOf(await kong.response.getHeader(name)) });
  }
  const reading = await readFacts(kong, needs, signal);
  if ('refusal' in reading) return;
  hear({ status, headers }, reading.facts);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
