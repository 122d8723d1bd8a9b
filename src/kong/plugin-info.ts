import type { KongField } from '../core/config/kong-schema.ts';
import type { KongPlugin } from './define-plugin.ts';

export interface PluginInfo {
  Name: string;
  Version: string;
  Phases: string[];
  Priority: number;
  Schema: { name: string; fields: [{ config: KongField }] };
}

/**
 * What Kong learns of a plugin from its `query_cmd` over MsgPack:1: a JSON array of these.
 * Since Kong 3.9 only the array's first element is used.
 */
export function pluginInfo(plugin: KongPlugin): PluginInfo {
  return {
    Name: plugin.Name,
    Version: plugin.Version,
    Phases: ['access'],
    Priority: plugin.Priority,
    Schema: {
      name: plugin.Name,
      fields: [{ config: { type: 'record', fields: plugin.Schema } }],
    },
  };
}
