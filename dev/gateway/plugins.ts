import type { PluginInstanceConfig, RouteEntity } from './config/gateway-config.ts';
import { encodeJson } from './lua/json.ts';
import { field, type LuaTable } from './lua/value.ts';
import type { InstanceConfig, PluginRpc } from './protocol/rpc.ts';

/** A plugin that some part of the configuration uses. */
export interface LoadedPlugin {
  rpc: PluginRpc;
  /** Its configs by the route, service and consumer for which they hold. */
  configs: Map<string, InstanceConfig>;
}

/** A plugin together with the config that holds for a request. */
export interface ChosenPlugin {
  rpc: PluginRpc;
  conf: InstanceConfig;
}

/** The configured plugins in the order in which Kong runs them: by priority, then by name. */
export class Plugins {
  readonly #loaded: LoadedPlugin[];

  constructor(configs: PluginInstanceConfig[], rpcs: Map<string, PluginRpc>) {
    const loaded = new Map<string, LoadedPlugin>();
    for (const { id, name, conf, route_id, service_id, consumer_id } of configs) {
      const rpc = rpcs.get(name);
      if (rpc === undefined) continue;
      const plugin = loaded.get(name) ?? { rpc, configs: new Map() };
      loaded.set(name, plugin);
      const instance = { id, seq: conf.get('__seq__'), json: encodeJson(conf) };
      plugin.configs.set(scope(route_id, service_id, consumer_id), instance);
    }
    this.#loaded = [...loaded.values()].toSorted(
      ({ rpc: { plugin: a } }, { rpc: { plugin: b } }) =>
        b.priority - a.priority || (a.name < b.name ? 1 : -1),
    );
  }

  get inOrder(): readonly LoadedPlugin[] {
    return this.#loaded;
  }

  /** Plugins that hold for every request; only they run where no route has been found. */
  global(): ChosenPlugin[] {
    return this.#loaded.flatMap(({ rpc, configs }) => {
      const conf = configs.get(scope(undefined, undefined, undefined));
      return conf === undefined ? [] : [{ rpc, conf }];
    });
  }
}

/** The most specific config of a plugin for a request, if it has one. */
export function chooseConfig(
  { configs }: LoadedPlugin,
  route: RouteEntity,
  consumer: LuaTable | undefined,
): InstanceConfig | undefined {
  const serviceId = route.service?.id;
  const id = consumer && field(consumer, 'id');
  const consumerId = typeof id === 'string' ? id : undefined;
  const candidates: [string | undefined, string | undefined, string | undefined][] = [
    [route.id, serviceId, consumerId],
    [route.id, undefined, consumerId],
    [undefined, serviceId, consumerId],
    [route.id, serviceId, undefined],
    [undefined, undefined, consumerId],
    [route.id, undefined, undefined],
    [undefined, serviceId, undefined],
    [undefined, undefined, undefined],
  ];
  for (const [routeId, service, consumerKey] of candidates) {
    const found = configs.get(scope(routeId, service, consumerKey));
    if (found !== undefined) return found;
  }
  return undefined;
}

function scope(
  routeId: string | undefined,
  serviceId: string | undefined,
  consumerId: string | undefined,
): string {
  return `${routeId ?? ''}:${serviceId ?? ''}:${consumerId ?? ''}`;
}
