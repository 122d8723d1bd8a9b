import type { SchemaProblem } from '../schema/field.ts';
import { suggestion } from '../schema/suggest.ts';
import { type Collected, type EntityKind, REFERENCE_OF } from './collect.ts';

const NAME_OF: Record<EntityKind, string[]> = {
  services: ['name'],
  routes: ['name'],
  consumers: ['username', 'custom_id'],
  plugins: ['instance_name'],
};

/** Names and ids that are there twice. */
export function uniquenessProblems(entities: Collected[]): SchemaProblem[] {
  const seen = new Set<string>();
  const problems: SchemaProblem[] = [];
  const isNew = (key: string) => !seen.has(key) && seen.add(key) !== undefined;
  for (const { kind, id, item, path } of entities) {
    let isRepeated = false;
    for (const field of NAME_OF[kind]) {
      const value = item.get(field);
      if (typeof value !== 'string' || isNew(`${kind} ${field} ${value}`)) continue;
      isRepeated = true;
      const message = `uniqueness violation: '${kind}' entity with ${field} set to '${value}' already declared`;
      problems.push({ path: [...path, field], message });
    }
    if (isRepeated || isNew(`${kind} id ${id}`)) continue;
    const message =
      kind === 'plugins'
        ? `uniqueness violation: plugin '${String(item.get('name'))}' is already configured for the same route, service and consumer`
        : `uniqueness violation: '${kind}' entity with primary key set to '${id}' already declared`;
    problems.push({ path: item.has('name') ? [...path, 'name'] : path, message });
  }
  return problems;
}

export interface References {
  /** The entity that `field` of an entity stands for: the one it names or is nested in. */
  find(entity: Collected, field: 'service' | 'route' | 'consumer'): Collected | undefined;
  problems: SchemaProblem[];
}

/** Follows references by name or id; one that leads nowhere is a problem. */
export function resolveReferences(entities: Collected[]): References {
  const problems: SchemaProblem[] = [];
  const found = new Map<Collected, Map<string, Collected>>();
  for (const entity of entities) {
    const targets = new Map<string, Collected>();
    found.set(entity, targets);
    for (const kind of ['services', 'routes', 'consumers'] as const) {
      const field = REFERENCE_OF[kind];
      if (field === undefined) continue;
      if (entity.parent?.kind === kind) targets.set(field, entity.parent);
      const value = entity.item.get(field);
      if (typeof value !== 'string' || entity.parent?.kind === kind) continue;
      const candidates = entities.filter((other) => other.kind === kind);
      const target = candidates.find(
        (other) => other.id === value || other.item.get(NAME_OF[kind][0] ?? '') === value,
      );
      if (target !== undefined) {
        targets.set(field, target);
        continue;
      }
      const names = candidates.map((other) => String(other.item.get(NAME_OF[kind][0] ?? '')));
      const message = `invalid reference '${field}: ${value}' (no such entry in '${kind}')${suggestion(value, names)}`;
      problems.push({ path: [...entity.path, field], message });
    }
  }
  return { problems, find: (entity, field) => found.get(entity)?.get(field) };
}
