import type { RoutePlugin } from './declarative-config.ts';
import type { Entity, EntityReader } from './entity-reader.ts';
import { renderPath } from './render-path.ts';

/** A plugin with what it is for. */
export interface ScopedPlugin extends RoutePlugin {
  /** The entities that it is nested in or names; absent where it is for all. */
  service?: Entity;
  route?: Entity;
  /** For a consumer or a group of them: whether it runs is not known from the route. */
  forConsumers: boolean;
}

/** Where a plugin stands. */
export interface PluginPlace {
  service?: Entity;
  route?: Entity;
  forConsumers?: boolean;
}

/** Entities by their names and by their ids. */
export interface EntityIndex {
  services: ReadonlyMap<string, Entity>;
  routes: ReadonlyMap<string, Entity>;
}

/** @returns undefined for one that is not enabled, or not right, which is reported */
export function readPlugin(
  entity: Entity,
  place: PluginPlace,
  reader: EntityReader,
  index: EntityIndex,
): ScopedPlugin | undefined {
  const name = reader.text(entity, 'name');
  if (!reader.has(entity, 'name')) reader.report(entity.path, 'a plugin needs a name');
  const config = reader.object(entity, 'config') ?? {};
  const ordering = reader.object(entity, 'ordering');
  const service = place.service ?? referred(entity, 'service', index.services, reader);
  const route = place.route ?? referred(entity, 'route', index.routes, reader);
  if (name === undefined || !reader.flag(entity, 'enabled', true)) return undefined;
  const consumers = ['consumer', 'consumer_group'].map((field) => reader.reference(entity, field));
  return {
    name,
    config,
    ...(ordering === undefined ? {} : { ordering }),
    path: renderPath(entity.path),
    ...(service === undefined ? {} : { service }),
    ...(route === undefined ? {} : { route }),
    forConsumers: place.forConsumers === true || consumers.some((one) => one !== undefined),
  };
}

/** The entity that a field names. One that is not there keeps Kong from reading the file. */
export function referred(
  entity: Entity,
  field: string,
  entities: ReadonlyMap<string, Entity>,
  reader: EntityReader,
): Entity | undefined {
  const name = reader.reference(entity, field);
  if (name === undefined) return undefined;
  const found = entities.get(name);
  if (found === undefined) {
    reader.report([...entity.path, field], `${field}: there is no ${field} "${name}" in this file`);
  }
  return found;
}
