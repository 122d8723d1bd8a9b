import { ConfigError } from '../../core/config-error.ts';
import { isJsonObject, ownMember } from '../../core/json.ts';
import type { DeclarativeConfig, DeclaredRoute, DeclaredUpstream } from './declarative-config.ts';
import { type Entity, EntityReader } from './entity-reader.ts';
import { openYaml } from './open-yaml.ts';
import { parsePath } from './parse-path.ts';
import { pluginsOfRoute } from './plugins-of-route.ts';
import { readNames } from './read-names.ts';
import { type EntityIndex, type PluginPlace, readPlugin, referred } from './read-plugin.ts';
import { readService } from './read-service.ts';
import { renderPath } from './render-path.ts';

const FORMAT_VERSIONS = ['1.1', '2.1', '3.0'];

/**
 * Reads Kong's declarative configuration as far as it matters here, with the defaults that Kong applies. Entities and
 * fields of other kinds are passed over; vault references and decK's variables are kept as they stand (`isUnknown`).
 *
 * @param text YAML or JSON
 * @param file the name that messages show
 * @throws ConfigError with one problem per mistake, each as `kong.yml:12:9: message`
 * @see https://docs.konghq.com/gateway/latest/production/deployment-topologies/db-less-and-declarative-config/
 */
export function readDeclarativeConfig(text: string, file: string): DeclarativeConfig {
  const { value, locate } = openYaml(text, file);
  if (!isJsonObject(value)) {
    throw new ConfigError([`${locate([])}: must be a map with _format_version and services`]);
  }
  const reader = new EntityReader();
  const root: Entity = { fields: value, path: [] };
  const version = ownMember(value, '_format_version');
  if (typeof version !== 'string' || !FORMAT_VERSIONS.includes(version)) {
    reader.report(['_format_version'], '_format_version: must be "3.0", "2.1" or "1.1", in quotes');
  }
  const config = readEntities(root, reader);
  if (reader.problems.length > 0) {
    throw new ConfigError(
      reader.problems.map(({ path, message }) => `${locate(path)}: ${message}`),
    );
  }
  return { ...config, locate: (path) => locate(parsePath(path)) };
}

function readEntities(root: Entity, reader: EntityReader): Omit<DeclarativeConfig, 'locate'> {
  const services = reader.entities(root, 'services');
  const servicesByName = byName(services);
  const nested = services.flatMap((service) =>
    reader.entities(service, 'routes').map((route) => ({ route, service })),
  );
  const loose = reader.entities(root, 'routes').map((route) => ({
    route,
    service: referred(route, 'service', servicesByName, reader),
  }));
  const all: { route: Entity; service: Entity | undefined }[] = [...nested, ...loose];
  const index: EntityIndex = {
    services: servicesByName,
    routes: byName(all.map(({ route }) => route)),
  };
  const within = (entity: Entity, place: PluginPlace) =>
    reader.entities(entity, 'plugins').map((plugin) => ({ plugin, place }));
  const consumers = ['consumers', 'consumer_groups'].flatMap((kind) => reader.entities(root, kind));
  const plugins = [
    ...within(root, {}),
    ...services.flatMap((service) => within(service, { service })),
    ...all.flatMap(({ route }) => within(route, { route })),
    ...consumers.flatMap((consumer) => within(consumer, { forConsumers: true })),
  ].flatMap(({ plugin, place }) => readPlugin(plugin, place, reader, index) ?? []);
  const upstreams = readUpstreams(root, reader);
  const declared = new Map(
    services.map((service) => [service, readService(service, reader, upstreams)]),
  );
  const routes = all
    // Kong serves no route of a service that is switched off.
    .filter(({ service }) => service === undefined || reader.flag(service, 'enabled', true))
    .map(({ route, service }): DeclaredRoute => {
      return {
        ...readRoute(route, reader),
        service: service && declared.get(service),
        plugins: pluginsOfRoute(route, service, plugins),
      };
    });
  return { routes, plugin_names: [...new Set(plugins.map(({ name }) => name))] };
}

/** Kong's defaults: kong/db/schema/entities/routes.lua. */
function readRoute(
  entity: Entity,
  reader: EntityReader,
): Omit<DeclaredRoute, 'service' | 'plugins'> {
  const protocols = reader.texts(entity, 'protocols');
  const wanted = Object.entries(reader.object(entity, 'headers') ?? {});
  const headers = wanted.map(([name, values]): [string, string[]] => [
    name,
    Array.isArray(values) ? values.map(String) : [],
  ]);
  return {
    ...readNames(entity, reader),
    protocols: protocols.length === 0 ? ['http', 'https'] : protocols,
    hosts: reader.texts(entity, 'hosts'),
    paths: reader.texts(entity, 'paths'),
    methods: reader.texts(entity, 'methods'),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    preserve_host: reader.flag(entity, 'preserve_host', false),
    strip_path: reader.flag(entity, 'strip_path', true),
    path: renderPath(entity.path),
  };
}

function readUpstreams(root: Entity, reader: EntityReader): Map<string, DeclaredUpstream> {
  const entries = reader.entities(root, 'upstreams').flatMap((entity) => {
    const name = reader.text(entity, 'name');
    if (name === undefined) return [];
    const nested = reader.entities(entity, 'targets').map((one) => reader.text(one, 'target'));
    const loose = reader
      .entities(root, 'targets')
      .filter((one) => reader.reference(one, 'upstream') === name)
      .map((one) => reader.text(one, 'target'));
    const host = reader.text(entity, 'host_header');
    const upstream: DeclaredUpstream = {
      targets: [...nested, ...loose].filter((target) => target !== undefined),
      ...(host === undefined ? {} : { host_header: host }),
    };
    return [[name, upstream] as const];
  });
  return new Map(entries);
}

function byName(entities: readonly Entity[]): Map<string, Entity> {
  const found = new Map<string, Entity>();
  for (const entity of entities) {
    for (const field of ['id', 'name'] as const) {
      const value = entity.fields[field];
      if (typeof value === 'string') found.set(value, entity);
    }
  }
  return found;
}
