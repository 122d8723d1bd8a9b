import type { Exchange, Phase } from '../http/exchange.ts';
import type { GatewayState } from '../http/gateway-state.ts';
import type { HeaderList } from '../http/header-list.ts';
import { LuaError } from '../lua/lua-error.ts';
import type { LuaValue } from '../lua/value.ts';
import type { PdkReply } from '../protocol/rpc.ts';

/** What Kong keeps of a request for the log phase, which runs when the request is gone. */
export interface SavedRequest {
  serialized: LuaValue;
  requestHeaders: HeaderList;
  responseHeaders: HeaderList;
  status: number;
}

/** Where and for whom a PDK function is called. */
export interface PdkContext {
  exchange: Exchange;
  gateway: GatewayState;
  phase: Phase;
  plugin: { id: string; name: string };
  saved: SavedRequest | undefined;
}

export type PdkFunction = (
  context: PdkContext,
  ...args: LuaValue[]
) => LuaValue | PdkReply | Promise<LuaValue | PdkReply>;

/** A second return value: `return nil, err`. */
export function failed(error: string): PdkReply {
  return { value: undefined, error };
}

/** Kong's PDK refuses functions outside of their phases. */
export function onlyIn(context: PdkContext, ...phases: Phase[]): void {
  if (phases.includes(context.phase)) return;
  throw new LuaError(
    `function cannot be called in ${context.phase} phase (only in: ${phases.join(', ')})`,
  );
}

/** In the log phase there is no request any more to ask nginx about. */
export function needsRequest(context: PdkContext): void {
  if (context.phase === 'log') throw new LuaError('API disabled in the context of ngx.timer');
}

export function requireString(value: LuaValue, message: string): string {
  if (typeof value !== 'string') throw new LuaError(message);
  return value;
}

/** A maximum such as that of `get_headers(max)`; none given means Kong's default. */
export function requireMaximum(name: string, value: LuaValue, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw new LuaError(`${name} must be a number`);
  if (value < 1) throw new LuaError(`${name} must be >= 1`);
  if (value > 1000) throw new LuaError(`${name} must be <= 1000`);
  return value;
}
