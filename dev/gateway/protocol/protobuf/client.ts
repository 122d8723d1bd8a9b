import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { LuaError } from '../../lua/lua-error.ts';
import { luaQuote } from '../../lua/quote.ts';
import { type LuaValue, luaToString } from '../../lua/value.ts';
import type { PluginInfo } from '../../plugin-info.ts';
import type { Instances } from '../instances.ts';
import type { InstanceConfig, Outcome, PdkHost, PluginRpc } from '../rpc.ts';
import type { SocketPool } from '../socket-pool.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { FrameConnection } from './frame-connection.ts';
import { METHODS } from './service.ts';
import { unwrap } from './unwrap.ts';
import { wrap, wrapRawBody } from './wrap.ts';

type Fields = Map<string | number, LuaValue>;

/**
 * ProtoBuf:1 as Kong 3.9 speaks it (kong/runloop/plugin_servers/rpc/pb_rpc.lua). An event has one
 * connection from its call to its return, and every failure ends in another attempt or in a 500.
 */
export class ProtoBufRpc implements PluginRpc {
  readonly plugin: PluginInfo;
  readonly #pool: SocketPool;
  readonly #instances: Instances;
  readonly #isStopped: () => boolean;
  #messageId = 0;

  constructor(
    plugin: PluginInfo,
    pool: SocketPool,
    instances: Instances,
    isStopped: () => boolean,
  ) {
    this.plugin = plugin;
    this.#pool = pool;
    this.#instances = instances;
    this.#isStopped = isStopped;
  }

  async startInstance(conf: InstanceConfig, pdk: PdkHost): Promise<Outcome<LuaValue>> {
    const command = new Map([
      ['config', conf.json],
      ['name', this.plugin.name],
    ]);
    const returned = await this.#call('cmd_start_instance', command, pdk);
    if (!returned.ok) return returned;
    const status = returned.value.get('instance_status');
    if (!(status instanceof Map)) {
      throw new LuaError("attempt to index field 'instance_status' (a nil value)");
    }
    return { ok: true, value: status.get('instance_id') };
  }

  closeInstance(instanceId: LuaValue, pdk: PdkHost): Promise<Outcome<LuaValue>> {
    return this.#call('cmd_close_instance', new Map([['instance_id', instanceId]]), pdk);
  }

  async handleEvent(conf: InstanceConfig, phase: string, pdk: PdkHost): Promise<void> {
    while (!this.#isStopped()) {
      const instance = await this.#instances.idOf(this, conf, pdk);
      const outcome = instance.ok ? await this.#event(instance.value, phase, pdk) : instance;
      if (outcome.ok) return;
      const error = luaToString(outcome.error);
      const lowered = error.toLowerCase();
      if (!lowered.includes('no plugin instance') && !lowered.includes('closed')) {
        pdk.log('err', `pluginserver error: ${error}`);
        await pdk.call('kong.response.error', [500]);
        return;
      }
      this.#instances.reset(this.plugin.name);
      pdk.log('warn', error);
      // Kong tries for ever; a server that always closes must not keep the others from their turn.
      await yieldToOthers();
    }
    throw new LuaError('the gateway stops');
  }

  #event(instanceId: LuaValue, phase: string, pdk: PdkHost): Promise<Outcome<Fields>> {
    const command = new Map([
      ['event_name', phase],
      ['instance_id', instanceId],
    ]);
    return this.#call('cmd_handle_event', command, pdk, (connection) => servePdk(connection, pdk));
  }

  /**
   * One call on a connection of its own, which goes back to the pool once the return has been read,
   * and otherwise stays with the request until that ends.
   */
  async #call(
    command: string,
    data: Fields,
    pdk: PdkHost,
    serve?: (connection: FrameConnection) => Promise<LuaValue>,
  ): Promise<Outcome<Fields>> {
    // The sequence runs one ahead of the counter: Kong adds to it twice and keeps one of both.
    this.#messageId += 1;
    const sequence = this.#messageId + 1;
    const acquired = await this.#pool.acquire();
    if (typeof acquired === 'string') {
      pdk.log('err', `trying to connect: ${acquired}`);
      return { ok: false, error: acquired };
    }
    const connection = new FrameConnection(acquired);
    let isKept = false;
    try {
      send(
        connection,
        encode(
          'RpcCall',
          new Map<string, LuaValue>([
            ['sequence', sequence],
            [command, data],
          ]),
        ),
      );
      const failure = await serve?.(connection);
      if (failure !== undefined) return { ok: false, error: failure };
      const received = await connection.receive();
      if ('error' in received) return { ok: false, error: received.error };
      connection.keep();
      isKept = true;
      const returned = decode('RpcReturn', received.frame);
      if (returned.get('sequence') !== sequence) throw new LuaError('assertion failed!');
      return { ok: true, value: returned };
    } finally {
      if (!isKept) pdk.atRequestEnd(() => connection.destroy());
    }
  }
}

/** @returns why the event broke off, or nothing when the server ended it */
async function servePdk(connection: FrameConnection, pdk: PdkHost): Promise<string | undefined> {
  for (;;) {
    const name = await connection.receive();
    if ('error' in name) return name.error;
    if (name.frame.length === 0) return undefined;
    const args = await connection.receive();
    if ('error' in args) return args.error;
    const method = name.frame.toString('latin1');
    const known = METHODS.get(method);
    if (known === undefined) return `method ${luaQuote(method)} not found`;
    const reply = await pdk.call(method, unwrap(known.input, decode(known.input, args.frame)));
    const wrapped =
      known.output === 'RawBodyResult'
        ? wrapRawBody(reply, await pdk.bodyFile())
        : wrap(known.output, reply);
    send(connection, wrapped === undefined ? Buffer.alloc(0) : encode(known.output, wrapped));
  }
}

function send(connection: FrameConnection, payload: Buffer): void {
  if (!connection.send(payload)) throw new LuaError('broken pipe');
}
