import { type LuaValue, toBytes } from '../lua/value.ts';
import type { ConfigMap, ConfigValue, FieldSchema, Path } from '../schema/field.ts';
import { configMapToLua } from '../schema/to-lua.ts';
import type { Collected } from './collect.ts';
import type {
  GatewayConfig,
  PluginInstanceConfig,
  RouteEntity,
  ServiceEntity,
} from './gateway-config.ts';
import { DEFAULT_WORKSPACE } from './ids.ts';
import type { References } from './references.ts';

interface Tools {
  now: number;
  effective: (schema: FieldSchema, item: ConfigMap) => ConfigMap;
  warn: (path: Path, message: string) => string;
}

/** Turns checked entities into what the gateway works with. */
export function toGatewayConfig(
  entities: Collected[],
  references: References,
  tools: Tools,
): GatewayConfig {
  const warnings: string[] = [];
  const ofKind = (kind: Collected['kind']) => entities.filter((entity) => entity.kind === kind);
  const services = new Map(
    ofKind('services').map((entity) => [entity.id, toService(entity, tools)]),
  );
  const routes = ofKind('routes').map((entity) => {
    const parent = references.find(entity, 'service');
    if (parent === undefined) {
      const message = 'a route without a service: Kong answers 503 unless a plugin answers first';
      warnings.push(tools.warn(entity.path, message));
    }
    if (entity.item.get('path_handling') === 'v1') {
      warnings.push(tools.warn(entity.path, "path_handling 'v1' works as 'v0' in this router"));
    }
    return toRoute(entity, parent && services.get(parent.id), tools);
  });
  return {
    routes,
    plugins: toPlugins(ofKind('plugins'), references, tools),
    consumers: ofKind('consumers').map((entity) => entityTable(entity, tools)),
    warnings,
  };
}

function toService(entity: Collected, tools: Tools): ServiceEntity {
  const values = withIdentity(entity, tools);
  return {
    table: entityTable(entity, tools),
    id: entity.id,
    name: optionalBytes(values, 'name'),
    protocol: values.get('protocol') === 'https' ? 'https' : 'http',
    host: bytes(values, 'host'),
    port: number(values, 'port'),
    path: optionalBytes(values, 'path'),
    retries: number(values, 'retries', 5),
    connect_timeout: number(values, 'connect_timeout', 60_000),
    write_timeout: number(values, 'write_timeout', 60_000),
    read_timeout: number(values, 'read_timeout', 60_000),
    tls_verify: values.get('tls_verify') === true,
    enabled: values.get('enabled') === true,
  };
}

function toRoute(entity: Collected, service: ServiceEntity | undefined, tools: Tools): RouteEntity {
  const values = withIdentity(entity, tools);
  const table = entityTable(entity, tools);
  if (service !== undefined) table.set('service', new Map([['id', service.id]]));
  const headers = values.get('headers');
  const headerEntries = headers instanceof Map ? [...headers] : [];
  return {
    table,
    id: entity.id,
    name: optionalBytes(values, 'name'),
    protocols: list(values.get('protocols')),
    paths: list(values.get('paths')),
    hosts: list(values.get('hosts')),
    methods: list(values.get('methods')),
    headers: new Map(headerEntries.map(([key, wanted]) => [toBytes(String(key)), list(wanted)])),
    snis: list(values.get('snis')),
    strip_path: values.get('strip_path') === true,
    preserve_host: values.get('preserve_host') === true,
    request_buffering: values.get('request_buffering') === true,
    response_buffering: values.get('response_buffering') === true,
    regex_priority: number(values, 'regex_priority'),
    https_redirect_status_code: number(values, 'https_redirect_status_code', 426),
    service,
  };
}

/**
 * The enabled plugins with the keys that Kong adds to a config. Kong numbers the configs in the
 * order of their ids each time it reads them, and has read them once before it serves.
 */
function toPlugins(
  entities: Collected[],
  references: References,
  tools: Tools,
): PluginInstanceConfig[] {
  const used = entities
    .filter(({ item }) => item.get('enabled') === true && serves(item.get('protocols')))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return used.map((entity, index) => {
    const idOf = (field: 'route' | 'service' | 'consumer') => references.find(entity, field)?.id;
    const [route_id, service_id, consumer_id] = [idOf('route'), idOf('service'), idOf('consumer')];
    const name = String(entity.item.get('name'));
    const config = tools.effective(entity.schema, entity.item).get('config');
    const conf = configMapToLua(config instanceof Map ? config : new Map());
    const add = (key: string, value: LuaValue) => value !== undefined && conf.set(key, value);
    add('route_id', route_id);
    add('service_id', service_id);
    add('consumer_id', consumer_id);
    add('plugin_instance_name', optionalBytes(entity.item, 'instance_name'));
    add('__plugin_id', entity.id);
    add('__ws_id', DEFAULT_WORKSPACE);
    const scope = [name, route_id, service_id, consumer_id, '', DEFAULT_WORKSPACE];
    add('__key__', toBytes(['plugins', ...scope].join(':')));
    add('__seq__', used.length + index + 1);
    return { id: entity.id, name, conf, route_id, service_id, consumer_id };
  });
}

function serves(protocols: ConfigValue | undefined): boolean {
  return list(protocols).some((protocol) => /^(?:http|grpc)s?$/.test(protocol));
}

function entityTable(entity: Collected, tools: Tools): Map<string | number, LuaValue> {
  const item = withIdentity(entity, tools);
  for (const key of ['service', 'route', 'consumer', '_comment', '_ignore']) item.delete(key);
  item.set('ws_id', DEFAULT_WORKSPACE);
  return configMapToLua(item);
}

function withIdentity(entity: Collected, tools: Tools): ConfigMap {
  const seconds = Math.floor(tools.now / 1000);
  const item: ConfigMap = new Map(entity.item);
  item.set('id', entity.id);
  for (const key of ['created_at', 'updated_at']) {
    if (typeof item.get(key) !== 'number') item.set(key, seconds);
  }
  return tools.effective(entity.schema, item);
}

function list(value: ConfigValue | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => toBytes(String(item))) : [];
}

function number(values: ConfigMap, key: string, fallback = 0): number {
  const value = values.get(key);
  return typeof value === 'number' ? value : fallback;
}

function bytes(values: ConfigMap, key: string): string {
  return toBytes(String(values.get(key) ?? ''));
}

function optionalBytes(values: ConfigMap, key: string): string | undefined {
  const value = values.get(key);
  return typeof value === 'string' ? toBytes(value) : undefined;
}
