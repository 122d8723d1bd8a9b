import { type Fields, messageCodec } from './schema.ts';
import { toValue } from './value.ts';

/** What Kong asks of a plugin server. */
export type RpcCall = { sequence: number } & (
  | { command: 'get_plugin_names' }
  | { command: 'get_plugin_info'; name: string }
  | { command: 'start_instance'; name: string; config: string }
  | { command: 'get_instance_status' | 'close_instance'; instanceId: number }
  | { command: 'handle_event'; instanceId: number; eventName: string }
);

export interface InstanceStatus {
  name: string;
  instance_id: number;
  config?: unknown;
  /** Unix time in seconds. */
  started_at?: number;
}

export interface RpcResult {
  plugin_names?: { names: string[] };
  plugin_info?: Fields;
  instance_status?: InstanceStatus;
}

const CALL = messageCodec('RpcCall');
const RETURN = messageCodec('RpcReturn');

/** @throws Error for bytes that are no RpcCall, or one without a command that is known */
export function decodeRpcCall(bytes: Uint8Array): RpcCall {
  const message = CALL.decode(bytes);
  const sequence = Number(message.sequence ?? 0);
  if (message.cmd_handle_event) {
    const { instance_id = 0, event_name = '' } = message.cmd_handle_event as Fields;
    return {
      sequence,
      command: 'handle_event',
      instanceId: Number(instance_id),
      eventName: String(event_name),
    };
  }
  if (message.cmd_start_instance) {
    const { name = '', config } = message.cmd_start_instance as Fields;
    const json = Buffer.from((config as Uint8Array | undefined) ?? []).toString();
    return { sequence, command: 'start_instance', name: String(name), config: json };
  }
  for (const command of ['close_instance', 'get_instance_status'] as const) {
    const asked = message[`cmd_${command}`] as Fields | undefined;
    if (asked) return { sequence, command, instanceId: Number(asked.instance_id ?? 0) };
  }
  if (message.cmd_get_plugin_info) {
    const { name = '' } = message.cmd_get_plugin_info as Fields;
    return { sequence, command: 'get_plugin_info', name: String(name) };
  }
  if (message.cmd_get_plugin_names) return { sequence, command: 'get_plugin_names' };
  throw new Error('an RpcCall without a command that is known');
}

export function encodeRpcReturn(sequence: number, result: RpcResult = {}): Uint8Array {
  const { instance_status, ...others } = result;
  if (instance_status === undefined) return RETURN.encode({ sequence, ...others });
  const { config, ...status } = instance_status;
  return RETURN.encode({
    sequence,
    ...others,
    instance_status: config === undefined ? status : { ...status, config: toValue(config) },
  });
}
