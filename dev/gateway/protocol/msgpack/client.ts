import { LuaError } from '../../lua/lua-error.ts';
import { field, ipairs, isTable, type LuaValue, luaToString, luaType } from '../../lua/value.ts';
import type { PluginInfo } from '../../plugin-info.ts';
import type { Instances } from '../instances.ts';
import type { InstanceConfig, Outcome, PdkHost, PluginRpc } from '../rpc.ts';
import type { SocketPool } from '../socket-pool.ts';
import { encode, type Packable } from './encode.ts';
import { MessageReader } from './read-message.ts';
import { packReply, stepMethod } from './reply.ts';

/**
 * MsgPack:1 as Kong 3.9 speaks it (kong/runloop/plugin_servers/rpc/mp_rpc.lua), failures included:
 * once an instance is known, whatever goes wrong on the wire is logged and the request goes on.
 */
export class MsgPackRpc implements PluginRpc {
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

  async startInstance(conf: InstanceConfig): Promise<Outcome<LuaValue>> {
    const status = await this.#call('plugin.StartInstance', [
      new Map([
        ['Config', conf.json],
        ['Name', this.plugin.name],
      ]),
    ]);
    if (!status.ok) return status;
    if (status.value === undefined) return { ok: false, error: undefined };
    return { ok: true, value: index(status.value, 'Id') };
  }

  closeInstance(instanceId: LuaValue): Promise<Outcome<LuaValue>> {
    return this.#call('plugin.CloseInstance', [instanceId]);
  }

  async handleEvent(conf: InstanceConfig, phase: string, pdk: PdkHost): Promise<void> {
    while (!this.#isStopped()) {
      const instance = await this.#instances.idOf(this, conf, pdk);
      const outcome = instance.ok ? await this.#bridge(instance.value, phase, pdk) : instance;
      if (outcome.ok || outcome.error === undefined || outcome.error === false) return;
      const { error } = outcome;
      if (typeof error !== 'string') {
        throw new LuaError(`attempt to index local 'err' (a ${luaType(error)} value)`);
      }
      if (!error.toLowerCase().includes('no plugin instance')) {
        pdk.log('err', error);
        return;
      }
      this.#instances.reset(this.plugin.name);
      pdk.log('warn', error);
    }
  }

  /** The event itself: the server asks for PDK functions until it says that it is done. */
  async #bridge(instanceId: LuaValue, phase: string, pdk: PdkHost): Promise<Outcome<LuaValue>> {
    let step = await this.#call('plugin.HandleEvent', [
      new Map<string, Packable>([
        ['InstanceId', instanceId],
        ['EventName', phase],
      ]),
    ]);
    let eventId: LuaValue;
    for (let isFirst = true; ; isFirst = false) {
      if (!step.ok || step.value === undefined || step.value === false) return step;
      if (isFirst) eventId = index(step.value, 'EventId');
      const data = index(step.value, 'Data');
      if (data === 'ret') return step;
      const method = methodName(index(data, 'Method'));
      const reply = await pdk.call(method, argumentsOf(index(data, 'Args')));
      step = await this.#call(stepMethod(method, reply.value), () => {
        const message = new Map<string, Packable>();
        const packed = packReply(method, reply.value);
        if (packed !== undefined) message.set('Data', packed);
        return [message.set('EventId', eventId)];
      });
    }
  }

  /**
   * One request and its answer on a connection of its own. Arguments that cannot be packed raise an
   * error with the connection already taken; Kong does not give that one back.
   */
  async #call(method: string, args: Packable[] | (() => Packable[])): Promise<Outcome<LuaValue>> {
    this.#messageId += 1;
    const messageId = this.#messageId;
    const connection = await this.#pool.acquire();
    if (typeof connection === 'string') return { ok: false, error: connection };
    try {
      const sent = typeof args === 'function' ? args() : args;
      if (!connection.send(encode([0, messageId, method, sent]))) {
        return { ok: false, error: 'closed' };
      }
      const reader = new MessageReader(connection);
      for (;;) {
        const read = await reader.next();
        if (read === undefined) {
          connection.keep();
          return { ok: false, error: 'no data' };
        }
        const [type, id, error, result] = parts(read.message);
        // A notification, such as the server's process id, which MsgPack servers of today never send.
        if (type === 2) continue;
        if (type !== 1) throw new LuaError('RPC response expected from Go plugin server');
        if (id !== messageId) {
          throw new LuaError('unexpected RPC response ID from Go plugin server');
        }
        if (reader.hasLeftover) connection.destroy();
        else connection.keep();
        return error === undefined ? { ok: true, value: result } : { ok: false, error };
      }
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }
}

function parts(message: LuaValue): LuaValue[] {
  if (!isTable(message)) {
    if (typeof message === 'string') return [];
    throw new LuaError(`attempt to index local 'data' (a ${luaType(message)} value)`);
  }
  return Array.isArray(message) ? message : [1, 2, 3, 4].map((key) => message.get(key));
}

/** `value.key`, which is an error on anything but a table. */
function index(value: LuaValue, key: string): LuaValue {
  if (!isTable(value) && typeof value !== 'string') {
    throw new LuaError(`attempt to index field (a ${luaType(value)} value)`);
  }
  return field(value, key);
}

function methodName(method: LuaValue): string {
  if (typeof method === 'string') return method;
  if (typeof method === 'number') return luaToString(method);
  throw new LuaError(`bad argument to 'gmatch' (string expected, got ${luaType(method)})`);
}

/** `unpack(args)`: arguments up to the first nil; anything but a table is one argument. */
function argumentsOf(args: LuaValue): LuaValue[] {
  return isTable(args) ? ipairs(args) : [args];
}
