import type { LuaValue } from '../lua/value.ts';
import type { PluginInfo } from '../plugin-info.ts';

/** What a PDK function gives back: its value, and the second value of `return nil, err`. */
export interface PdkReply {
  value: LuaValue;
  error?: LuaValue;
}

/** The PDK as a plugin server may use it during one event. */
export interface PdkHost {
  /**
   * @throws LuaError when the function raises an error
   * @throws PluginExit when the function ends the request; nothing may be sent for it any more
   */
  call(method: string, args: LuaValue[]): Promise<PdkReply>;
  log(level: 'notice' | 'warn' | 'err', message: string): void;
  /** The file in which nginx keeps the request's body; undefined for a body that is in memory. */
  bodyFile(): Promise<string | undefined>;
  /** Has something done when nginx frees the request, which in the log phase is the timer's own. */
  atRequestEnd(cleanUp: () => void): void;
}

/** What a protocol says of a call: its result, or the error that came instead. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: LuaValue };

/** The config of one plugin instance as the gateway keeps it. */
export interface InstanceConfig {
  /** `__plugin_id` */
  id: string;
  /** `__seq__` */
  seq: LuaValue;
  /** The JSON that the plugin server gets, as bytes. */
  json: string;
}

/** A plugin server, spoken to in one of Kong's protocols. */
export interface PluginRpc {
  readonly plugin: PluginInfo;
  /** @throws LuaError where Kong raises an error, with the instance still claimed */
  startInstance(conf: InstanceConfig, pdk: PdkHost): Promise<Outcome<LuaValue>>;
  closeInstance(instanceId: LuaValue, pdk: PdkHost): Promise<Outcome<LuaValue>>;
  /**
   * Runs one event. Returns when Kong would go on with the request, which in MsgPack:1 includes most
   * failures and in ProtoBuf:1 none.
   *
   * @throws LuaError where Kong raises an error, which ends the request with a 500
   * @throws PluginExit when the plugin answered
   */
  handleEvent(conf: InstanceConfig, phase: string, pdk: PdkHost): Promise<void>;
}
