import { parseQuery } from '../http/query.ts';
import { fromJs } from '../lua/from-js.ts';
import type { LuaValue } from '../lua/value.ts';
import { isTable } from '../lua/value.ts';
import type { PdkReply } from '../protocol/rpc.ts';
import { failed, type PdkContext } from './pdk.ts';

/** `kong.request.get_body()` for JSON and forms; multipart bodies are not taken apart here. */
export async function requestBodyTable(
  { exchange }: PdkContext,
  mimeType: LuaValue,
  mostArguments: LuaValue,
  most: LuaValue,
): Promise<LuaValue | PdkReply> {
  const type = typeof mimeType === 'string' ? mimeType : exchange.headers.first('content-type');
  if (type === undefined) return failed('missing content type');
  const essence = type.toLowerCase().split(';')[0] ?? '';
  const isForm = essence.startsWith('application/x-www-form-urlencoded');
  if (!isForm && !essence.startsWith('application/json')) {
    return failed(`unsupported content type '${type}'`);
  }
  const body = await exchange.incoming.body.read();
  const isReadable = body.kind === 'memory' || (typeof most === 'number' && most >= 0);
  if (!isReadable) {
    return failed(
      "request body did not fit into client body buffer, consider raising 'client_body_buffer_size'",
    );
  }
  const text = body.bytes.toString('latin1');
  if (isForm) return parseQuery(text, typeof mostArguments === 'number' ? mostArguments : 100);
  try {
    const parsed = fromJs(JSON.parse(body.bytes.toString('utf8')));
    return isTable(parsed) ? parsed : failed('invalid json body');
  } catch {
    return failed('invalid json body');
  }
}
