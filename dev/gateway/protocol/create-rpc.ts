import type { PluginInfo } from '../plugin-info.ts';
import type { Instances } from './instances.ts';
import { MsgPackRpc } from './msgpack/client.ts';
import { ProtoBufRpc } from './protobuf/client.ts';
import type { PluginRpc } from './rpc.ts';
import type { SocketPool } from './socket-pool.ts';

/** The client for the protocol that a plugin server speaks. */
export function createRpc(
  plugin: PluginInfo,
  pool: SocketPool,
  instances: Instances,
  isStopped: () => boolean,
): PluginRpc {
  return plugin.protocol === 'MsgPack:1'
    ? new MsgPackRpc(plugin, pool, instances, isStopped)
    : new ProtoBufRpc(plugin, pool, instances, isStopped);
}
