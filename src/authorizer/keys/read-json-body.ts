import type { JsonObject } from '../../core/json.ts';
import { parseIJson } from '../../core/parse-i-json.ts';
import { readBody } from '../read-body.ts';
import { KeySourceError } from './key-source-error.ts';

const MAX_BYTES = 262_144;

/**
 * Reads a body that is one JSON object of at most 256 KiB.
 *
 * @param what names the document in errors, such as `the key set`
 * @throws KeySourceError where it is anything else; the reason of `signal` once that is aborted
 */
export async function readJsonBody(
  response: Response,
  what: string,
  signal: AbortSignal,
): Promise<JsonObject> {
  const body = await readBody(response, MAX_BYTES, signal);
  if (body === null) throw new KeySourceError(`${what} is larger than ${MAX_BYTES} bytes`);
  const object = parseIJson(body);
  if (object === null) throw new KeySourceError(`${what} is not a JSON object`);
  return object;
}
