import type { gaxios } from 'google-auth-library';
import { Malfunction } from '../../../malfunction.ts';
import { failureReason } from '../../failure-reason.ts';
import { googleRequest } from '../../google-request.ts';

/**
 * Asks a service of the platform for a text.
 *
 * @param what names the service in errors
 * @throws Malfunction, whose cause is left out: the transport's error has the headers and the answer in it
 */
export async function requestText(
  what: string,
  options: Pick<gaxios.GaxiosOptions, 'url' | 'method' | 'headers'>,
  signal: AbortSignal,
): Promise<string> {
  try {
    const { data } = await googleRequest<string>({ ...options, responseType: 'text' }, { signal });
    return data;
  } catch (error) {
    throw new Malfunction(`${what} failed: ${failureReason(error)}`);
  }
}
