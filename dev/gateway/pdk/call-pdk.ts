import { LuaError } from '../lua/lua-error.ts';
import type { LuaValue } from '../lua/value.ts';
import type { PdkReply } from '../protocol/rpc.ts';
import { clientFunctions } from './client.ts';
import { contextFunctions } from './context.ts';
import { logFunctions } from './log.ts';
import { nginxFunctions } from './nginx.ts';
import { notHere } from './not-here.ts';
import type { PdkContext, PdkFunction } from './pdk.ts';
import { requestFunctions } from './request.ts';
import { responseFunctions } from './response.ts';
import { serviceRequestFunctions } from './service-request.ts';

const functions = new Map<string, PdkFunction>(
  [
    requestFunctions,
    clientFunctions,
    contextFunctions,
    nginxFunctions,
    serviceRequestFunctions,
    responseFunctions,
    logFunctions,
  ].flatMap((group) => Object.entries(group)),
);

/**
 * Calls a PDK function by its full name (`kong.request.get_method`). An unknown name is logged and
 * has no reply, as in Kong; a name that Kong knows and this gateway does not is an error.
 *
 * @throws LuaError when the function raises an error
 * @throws RequestExit when it ends the request
 */
export async function callPdk(
  context: PdkContext,
  method: string,
  args: LuaValue[],
): Promise<PdkReply> {
  const found = functions.get(method);
  if (found === undefined) {
    if (isGroup(method)) throw new LuaError('attempt to call a table value');
    if (notHere(method)) {
      throw new LuaError(`${method} is not implemented by the development gateway`);
    }
    context.gateway.log('err', `[${context.plugin.name}] could not find pdk method: ${method}`);
    return { value: undefined };
  }
  const result = await found(context, ...args);
  return isReply(result) ? result : { value: result };
}

/** A name that leads to a table of functions, such as `kong.request`. */
function isGroup(method: string): boolean {
  return method === '' || [...functions.keys()].some((name) => name.startsWith(`${method}.`));
}

function isReply(result: LuaValue | PdkReply): result is PdkReply {
  return typeof result === 'object' && !Array.isArray(result) && !(result instanceof Map);
}
