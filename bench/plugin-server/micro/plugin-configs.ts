import { loadConfig } from '../../../dev/gateway/config/load-config.ts';
import { encodeJson } from '../../../dev/gateway/lua/json.ts';
import { queryPlugin } from '../../../dev/gateway/plugin-info.ts';
import type { PluginServerEntry } from '../../../dev/gateway/plugin-server-entry.ts';

/** The plugins of a route in a kong.yml, in the order in which Kong runs them, with the config that Kong sends. */
export async function pluginConfigs(
  config: string,
  route: string,
  entries: PluginServerEntry[],
): Promise<{ name: string; config: string }[]> {
  const infos = await Promise.all(entries.map(queryPlugin));
  const plugins = new Map(infos.map((info) => [info.name, info]));
  const loaded = loadConfig(config, {
    fileName: 'kong.yml',
    plugins,
    now: Date.now(),
    resolve: () => undefined,
    onUnresolved: () => {},
  });
  const routeId = loaded.routes.find(({ name }) => name === route)?.id;
  const priority = (name: string) => plugins.get(name)?.priority ?? 0;
  return loaded.plugins
    .filter(({ route_id }) => route_id === routeId)
    .toSorted((a, b) => priority(b.name) - priority(a.name))
    .map(({ name, conf }) => ({ name, config: encodeJson(conf) }));
}
