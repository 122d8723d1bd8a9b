import { randomUUID } from 'node:crypto';
import type { PluginInfo } from '../plugin-info.ts';
import { applyDefaults } from '../schema/defaults.ts';
import type { ConfigMap, ConfigValue, FieldSchema, Path, SchemaProblem } from '../schema/field.ts';
import { suggestion } from '../schema/suggest.ts';
import { validateRecord } from '../schema/validate.ts';
import { consumerSchema } from './entities/consumer.ts';
import { pluginSchema } from './entities/plugin.ts';
import { routeSchema } from './entities/route.ts';
import { expandServiceUrl, serviceSchema } from './entities/service.ts';
import { entityId } from './ids.ts';
import { BUNDLED_PLUGINS, CONSUMER_CREDENTIALS } from './kong-names.ts';
import { splitChildren } from './split-children.ts';

export type EntityKind = 'services' | 'routes' | 'consumers' | 'plugins';

/** An entity of kong.yml with defaults filled in and its place in the file. */
export interface Collected {
  kind: EntityKind;
  id: string;
  path: Path;
  item: ConfigMap;
  schema: FieldSchema;
  /** The entity in which it is written. */
  parent: Collected | undefined;
}

const CHILDREN: Record<EntityKind, EntityKind[]> = {
  services: ['routes', 'plugins'],
  routes: ['plugins'],
  consumers: ['plugins'],
  plugins: [],
};

/** The field of a child that names the entity in which it may be nested. */
export const REFERENCE_OF: Partial<Record<EntityKind, 'service' | 'route' | 'consumer'>> = {
  services: 'service',
  routes: 'route',
  consumers: 'consumer',
};

const PLUGIN_REFERENCES = ['route', 'service', 'consumer'] as const;

/**
 * Walks the entities of a configuration, nested ones too, and checks each against its schema.
 * References between entities are not followed yet.
 */
export function collectEntities(
  top: ConfigMap,
  kinds: EntityKind[],
  plugins: Map<string, PluginInfo>,
): { entities: Collected[]; problems: SchemaProblem[] } {
  const entities: Collected[] = [];
  const problems: SchemaProblem[] = [];
  for (const kind of kinds) collectList(kind, top.get(kind), [kind], undefined);
  return { entities, problems };

  function collectList(
    kind: EntityKind,
    list: ConfigValue | undefined,
    path: Path,
    parent: Collected | undefined,
  ): void {
    if (list === undefined || list === null) return;
    if (!Array.isArray(list)) {
      if (!(list instanceof Map && list.size === 0)) {
        problems.push({ path, message: 'expected an array' });
      }
      return;
    }
    for (const [index, item] of list.entries()) collectItem(kind, item, [...path, index], parent);
  }

  function collectItem(
    kind: EntityKind,
    item: ConfigValue,
    path: Path,
    parent: Collected | undefined,
  ): void {
    if (!(item instanceof Map)) {
      problems.push({ path, message: 'expected a record' });
      return;
    }
    const { own, children } = splitChildren(item, CHILDREN[kind]);
    const expanded = kind === 'services' ? expandServiceUrl(own) : { item: own, problems: [] };
    const found = [...expanded.problems];
    const schema = schemaOf(kind, expanded.item, found, plugins);
    if (schema === undefined) {
      problems.push(...found.map((problem) => ({ ...problem, path: [...path, ...problem.path] })));
      return;
    }
    found.push(...referenceProblems(kind, expanded.item, parent));
    const filled = applyDefaults(schema.fields ?? new Map(), expanded.item);
    const hasUrl = own.has('url');
    const blameUrl = (problem: SchemaProblem): SchemaProblem =>
      hasUrl && ['protocol', 'host', 'port', 'path'].includes(String(problem.path[0]))
        ? { path: ['url'], message: `${String(problem.path[0])}: ${problem.message}` }
        : problem;
    found.push(...validateRecord(schema, filled).map(blameUrl));
    found.push(...unsupported(kind, filled));
    problems.push(...found.map((problem) => ({ ...problem, path: [...path, ...problem.path] })));
    const given = filled.get('id');
    const id = typeof given === 'string' ? given : generateId(kind, expanded.item, parent);
    const entity: Collected = { kind, id, path, item: filled, schema, parent };
    entities.push(entity);
    for (const child of CHILDREN[kind]) {
      collectList(child, children.get(child), [...path, child], entity);
    }
  }
}

function schemaOf(
  kind: EntityKind,
  item: ConfigMap,
  problems: SchemaProblem[],
  plugins: Map<string, PluginInfo>,
): FieldSchema | undefined {
  if (kind === 'services') return serviceSchema;
  if (kind === 'routes') return routeSchema;
  if (kind === 'consumers') {
    for (const key of CONSUMER_CREDENTIALS.filter((name) => item.has(name))) {
      item.delete(key);
      const message =
        "belongs to one of Kong's own plugins, which the development gateway does not run";
      problems.push({ path: [key], message, at: 'key' });
    }
    return consumerSchema;
  }
  const name = item.get('name');
  if (typeof name !== 'string') {
    const isMissing = name === undefined || name === null;
    const message = isMissing ? 'required field missing' : 'expected a string';
    problems.push({ path: ['name'], message });
    return undefined;
  }
  const info = plugins.get(name);
  if (info !== undefined) return pluginSchema(info.fields);
  const message = BUNDLED_PLUGINS.includes(name)
    ? `plugin '${name}' is one of Kong's own; the development gateway runs only plugins of plugin servers`
    : `plugin '${name}' not enabled: no plugin server provides it${suggestion(name, plugins.keys())}`;
  problems.push({ path: ['name'], message });
  return undefined;
}

/** A reference is the name or id of an entity, and must not be there in a nested entity. */
function referenceProblems(
  kind: EntityKind,
  item: ConfigMap,
  parent: Collected | undefined,
): SchemaProblem[] {
  const names = kind === 'routes' ? ['service'] : kind === 'plugins' ? PLUGIN_REFERENCES : [];
  const nested = parent === undefined ? undefined : REFERENCE_OF[parent.kind];
  return names.flatMap((name) => {
    const value = item.get(name) ?? null;
    if (value === null) return [];
    if (name === nested) return [{ path: [name], message: 'value must be null' }];
    return typeof value === 'string' ? [] : [{ path: [name], message: 'expected a string' }];
  });
}

function unsupported(kind: EntityKind, item: ConfigMap): SchemaProblem[] {
  const only = 'the development gateway serves only http and https';
  const isForeign = (value: ConfigValue | undefined) =>
    typeof value === 'string' && !['http', 'https'].includes(value);
  if (kind === 'services' && isForeign(item.get('protocol'))) {
    return [{ path: ['protocol'], message: only }];
  }
  const protocols = item.get('protocols');
  if (kind === 'routes' && Array.isArray(protocols) && protocols.some(isForeign)) {
    return [{ path: ['protocols'], message: only }];
  }
  return [];
}

function generateId(kind: EntityKind, item: ConfigMap, parent: Collected | undefined): string {
  if (kind === 'plugins') {
    const nested = parent === undefined ? undefined : REFERENCE_OF[parent.kind];
    const parts = ['name', ...PLUGIN_REFERENCES].map((key) => {
      if (key === nested) return parent?.id ?? '';
      const value = item.get(key);
      return typeof value === 'string' ? value : '';
    });
    return entityId(kind, ['plugins', '*', ...parts].join(':'));
  }
  const key = item.get(kind === 'consumers' ? 'username' : 'name');
  return typeof key === 'string' ? entityId(kind, key) : randomUUID();
}
