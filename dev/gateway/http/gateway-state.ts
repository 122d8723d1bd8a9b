import type { LuaTable } from '../lua/value.ts';
import type { ResolveReference } from '../schema/reference.ts';

/** What all requests of one gateway share and plugins may see of it. */
export interface GatewayState {
  nodeId: string;
  consumers: LuaTable[];
  resolveReference: ResolveReference;
  /** One line for Kong's error log. */
  log: (level: LogLevel, message: string) => void;
}

export type LogLevel = 'debug' | 'info' | 'notice' | 'warn' | 'err' | 'crit' | 'alert' | 'emerg';
