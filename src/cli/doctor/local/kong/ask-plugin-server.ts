import { connect } from 'node:net';
import { encodeFrame, FrameReader } from '../../../../plugin-server/protocol/frame.ts';
import { type Fields, messageCodec } from '../../../../plugin-server/protocol/schema.ts';
import type { DescribedPlugin } from './described-plugins.ts';

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_PLUGINS = 100;

const CALL = messageCodec('RpcCall');
const RETURN = messageCodec('RpcReturn');

export type PluginServerAnswer =
  | { plugins: DescribedPlugin[] }
  /** `refused`: nobody listens; `denied`: this user may not connect; `silent`: nothing came in time, or no ProtoBuf:1. */
  | { problem: 'refused' | 'denied' | 'silent' };

/** Asks a plugin server by Kong's protocol ProtoBuf:1 which plugins it has, and of which version. */
export function askPluginServer(socket: string, timeout_ms: number): Promise<PluginServerAnswer> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const reader = new FrameReader(MOST_BYTES);
    const plugins: DescribedPlugin[] = [];
    let awaited = 0;
    const end = (answer: PluginServerAnswer) => {
      clearTimeout(timer);
      connection.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ problem: 'silent' }), timeout_ms);
    const ask = (call: Fields) => connection.write(encodeFrame(CALL.encode(call)));

    const take = ({ plugin_names, plugin_info }: Fields) => {
      if (plugin_names) {
        const { names = [] } = plugin_names as { names?: string[] };
        awaited = Math.min(names.length, MOST_PLUGINS);
        for (const [index, name] of names.slice(0, MOST_PLUGINS).entries()) {
          ask({ sequence: index + 2, cmd_get_plugin_info: { name } });
        }
      } else if (plugin_info) {
        const { name = '', version = '' } = plugin_info as { name?: string; version?: string };
        plugins.push({ name, version });
      } else {
        end({ problem: 'silent' });
        return;
      }
      if (plugins.length === awaited) end({ plugins });
    };
    connection.on('connect', () => ask({ sequence: 1, cmd_get_plugin_names: {} }));
    connection.on('data', (chunk) => {
      reader.push(chunk);
      try {
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          take(RETURN.decode(frame));
        }
      } catch {
        end({ problem: 'silent' });
      }
    });
    connection.on('error', ({ code }: NodeJS.ErrnoException) =>
      end({ problem: code === 'EACCES' || code === 'EPERM' ? 'denied' : 'refused' }),
    );
    connection.on('close', () => end({ problem: 'silent' }));
  });
}
