import type { LoadedPlugin } from './loaded-plugin.ts';

type Described = Pick<LoadedPlugin, 'name' | 'version' | 'priority' | 'phases' | 'schema'>;

/** What Kong learns of a plugin from its `query_cmd`. */
interface PluginInfo {
  Name: string;
  Version: string;
  Phases: string[];
  Priority: number;
  Schema: KongSchema;
}

interface KongSchema {
  name: string;
  fields: [{ config: { type: 'record'; fields: object[] } }];
}

/** What a `query_cmd` must print for a plugin that our own server runs. Since Kong 3.9, only the first of a list counts. */
export function protoBufDocument(plugin: Described): { Protocol: string; Plugins: [PluginInfo] } {
  return { Protocol: 'ProtoBuf:1', Plugins: [pluginInfo(plugin)] };
}

/** What it must print for a plugin that the stock server runs. */
export function msgPackDocument(plugin: Described): [PluginInfo] {
  return [pluginInfo(plugin)];
}

/** The message `PluginInfo` of ProtoBuf:1, in which the schema is text. */
export function protoBufInfo(plugin: Described): Record<string, unknown> {
  const { name, version, phases, priority } = plugin;
  return { name, version, phases, priority, schema: JSON.stringify(kongSchema(plugin)) };
}

function pluginInfo(plugin: Described): PluginInfo {
  return {
    Name: plugin.name,
    Version: plugin.version,
    Phases: plugin.phases,
    Priority: plugin.priority,
    Schema: kongSchema(plugin),
  };
}

function kongSchema({ name, schema }: Described): KongSchema {
  return { name, fields: [{ config: { type: 'record', fields: schema } }] };
}
