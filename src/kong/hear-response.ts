import { Malfunction } from '../core/malfunction.ts';
import type { Afterwards, UpstreamResponse } from '../core/stage.ts';
import type { KongPdk } from './pdk.ts';
import { readFacts } from './read-facts.ts';

/**
 * Tells a stage of the response, where it concerns it. Of most responses only the status is asked for.
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
  const source = await kong.response.getSource();
  const headers: Record<string, string> = {};
  for (const name of response_headers) {
    Object.assign(headers, { [name]: textOf(await kong.response.getHeader(name)) });
  }
  const reading = await readFacts(kong, needs, signal);
  if ('refusal' in reading) return;
  hear({ status, source: sourceOf(source), headers }, reading.facts);
}

function sourceOf(source: unknown): UpstreamResponse['source'] {
  return source === 'service' || source === 'exit' ? source : 'error';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
