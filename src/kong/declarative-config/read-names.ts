import type { Entity, EntityReader } from './entity-reader.ts';
import { renderPath } from './render-path.ts';

/** What an entity is called. */
export interface EntityNames {
  /** For people: its name, else its id, else where it stands in the file. */
  name: string;
  /** The name that Kong knows it by; absent where it has none. */
  own_name?: string;
  /** Absent where Kong makes one up. */
  id?: string;
}

export function readNames(entity: Entity, reader: EntityReader): EntityNames {
  const own_name = reader.text(entity, 'name');
  const id = reader.text(entity, 'id');
  return {
    name: own_name ?? id ?? renderPath(entity.path),
    ...(own_name === undefined ? {} : { own_name }),
    ...(id === undefined ? {} : { id }),
  };
}
