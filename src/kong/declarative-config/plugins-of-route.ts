import type { RoutePlugin } from './declarative-config.ts';
import type { Entity } from './entity-reader.ts';
import type { ScopedPlugin } from './read-plugin.ts';

/**
 * The plugins that Kong runs on a route for a request without consumer: of several of one name the one that is meant
 * most precisely, in the order route and service, route, service, all.
 *
 * @see https://docs.konghq.com/gateway/latest/key-concepts/plugins/#precedence-for-running-plugins
 */
export function pluginsOfRoute(
  route: Entity,
  service: Entity | undefined,
  plugins: readonly ScopedPlugin[],
): RoutePlugin[] {
  const chosen = new Map<string, { rank: number; plugin: ScopedPlugin }>();
  for (const plugin of plugins) {
    const applies =
      !plugin.forConsumers &&
      (plugin.route === undefined || plugin.route === route) &&
      (plugin.service === undefined || plugin.service === service);
    if (!applies) continue;
    const rank = (plugin.route === undefined ? 0 : 2) + (plugin.service === undefined ? 0 : 1);
    const other = chosen.get(plugin.name);
    if (other === undefined || other.rank < rank) chosen.set(plugin.name, { rank, plugin });
  }
  return [...chosen.values()].map(({ plugin: { name, config, ordering, path } }) => ({
    name,
    config,
    ...(ordering === undefined ? {} : { ordering }),
    path,
  }));
}
