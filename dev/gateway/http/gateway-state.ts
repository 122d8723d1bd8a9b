import type { LuaTable } from '../lua/value.ts';
import type { ResolveReference } from '../schema/reference.ts';
import type { TrustedIps } from './trusted-ips.ts';

/** What all requests of one gateway share and plugins may see of it. */
export interface GatewayState {
  nodeId: string;
  consumers: LuaTable[];
  resolveReference: ResolveReference;
  trustedIps: TrustedIps;
  /** One line for Kong's error log. */
  log: (level: LogLevel, message: string) => void;
}

export type LogLevel = 'debug' | 'info' | 'notice' | 'warn' | 'err' | 'crit' | 'alert' | 'emerg';
