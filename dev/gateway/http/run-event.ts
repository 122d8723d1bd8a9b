import { LuaError } from '../lua/lua-error.ts';
import { callPdk } from '../pdk/call-pdk.ts';
import type { SavedRequest } from '../pdk/pdk.ts';
import { RequestExit } from '../pdk/request-exit.ts';
import type { ChosenPlugin } from '../plugins.ts';
import type { Exchange, OwnResponse, Phase } from './exchange.ts';
import type { GatewayState } from './gateway-state.ts';

/** How an event ended: Kong goes on, the plugin answered, or Kong's own code raised an error. */
export type EventResult =
  | { kind: 'done' }
  | { kind: 'exit'; response: OwnResponse }
  | { kind: 'error' };

/** Runs one phase of one plugin for a request. */
export async function runEvent(
  { rpc, conf }: ChosenPlugin,
  phase: Phase,
  exchange: Exchange,
  gateway: GatewayState,
  saved?: SavedRequest,
): Promise<EventResult> {
  const { name } = rpc.plugin;
  // The log phase runs in a timer, with a request of its own in nginx.
  const cleanUps = phase === 'log' ? [] : exchange.cleanUps;
  const context = { exchange, gateway, phase, plugin: { id: conf.id, name }, saved };
  try {
    await rpc.handleEvent(conf, phase, {
      call: (method, args) => callPdk(context, method, args),
      log: (level, message) => gateway.log(level, `[${name}] ${message}`),
      bodyFile: () => exchange.incoming.body.file(),
      atRequestEnd: (cleanUp) => cleanUps.push(cleanUp),
    });
    return { kind: 'done' };
  } catch (error) {
    if (error instanceof RequestExit) return { kind: 'exit', response: error.response };
    const message = error instanceof LuaError ? error.message : describe(error);
    gateway.log('err', `[${name}] ${message}`);
    return { kind: 'error' };
  } finally {
    if (phase === 'log') for (const cleanUp of cleanUps) cleanUp();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
