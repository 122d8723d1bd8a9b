import type { PluginInfo } from '../plugin-info.ts';
import type { Instances } from './instances.ts';
import { MsgPackRpc } from './msgpack/client.ts';
import type { PluginRpc } from './rpc.ts';
import type { SocketPool } from './socket-pool.ts';

/**
 * The client for the protocol that a plugin server speaks.
 *
 * @throws Error for a protocol that the development gateway does not speak
 */
export function createRpc(
  plugin: PluginInfo,
  pool: SocketPool,
  instances: Instances,
  isStopped: () => boolean,
): PluginRpc {
  if (plugin.protocol === 'MsgPack:1') return new MsgPackRpc(plugin, pool, instances, isStopped);
  throw new Error(
    `plugin '${plugin.name}': the development gateway does not speak ${plugin.protocol}`,
  );
}
