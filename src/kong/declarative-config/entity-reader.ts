import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { isUnknown } from './is-unknown.ts';
import type { Path } from './render-path.ts';

/** An entity of the file, with what it is nested in. */
export interface Entity {
  fields: JsonObject;
  path: Path;
}

/** Reads members of entities and collects what is wrong with them. */
export class EntityReader {
  readonly problems: { path: Path; message: string }[] = [];

  report(path: Path, message: string): void {
    this.problems.push({ path, message });
  }

  /** The entities of a list; none where it is left out. */
  entities({ fields, path }: Entity, name: string): Entity[] {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return [];
    // Lua cannot tell an empty list from an empty map.
    if (isJsonObject(value) && Object.keys(value).length === 0) return [];
    if (!Array.isArray(value)) {
      this.report([...path, name], `${name}: must be a list`);
      return [];
    }
    return value.flatMap((item, index) => {
      const at = [...path, name, index];
      if (isJsonObject(item)) return [{ fields: item, path: at }];
      this.report(at, `${name}: each entry must be a map`);
      return [];
    });
  }

  has({ fields }: Entity, name: string): boolean {
    return (ownMember(fields, name) ?? null) !== null;
  }

  text({ fields, path }: Entity, name: string): string | undefined {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    // Kong makes no text of a number either.
    this.report([...path, name], `${name}: must be text${hint(value)}`);
    return undefined;
  }

  texts({ fields, path }: Entity, name: string): string[] {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return [];
    if (isJsonObject(value) && Object.keys(value).length === 0) return [];
    const items = Array.isArray(value) ? value : [];
    const texts = items.filter((item) => typeof item === 'string');
    if (Array.isArray(value) && texts.length === items.length) return texts;
    const wrong = items.findIndex((item) => typeof item !== 'string');
    const place = wrong === -1 ? [...path, name] : [...path, name, wrong];
    this.report(place, `${name}: must be a list of texts${hint(items[wrong])}`);
    return [];
  }

  flag({ fields, path }: Entity, name: string, fallback: boolean): boolean {
    const value = ownMember(fields, name);
    if (value === undefined || value === null || isUnknown(value)) return fallback;
    if (typeof value === 'boolean') return value;
    this.report([...path, name], `${name}: must be true or false`);
    return fallback;
  }

  /** @returns NaN for a value that is not known here */
  port({ fields, path }: Entity, name: string, fallback: number): number {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return fallback;
    if (isUnknown(value)) return Number.NaN;
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535) {
      return Number(value);
    }
    this.report([...path, name], `${name}: must be a port`);
    return fallback;
  }

  /** A map that may be left out. */
  object({ fields, path }: Entity, name: string): JsonObject | undefined {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return undefined;
    if (isJsonObject(value)) return value;
    if (!Array.isArray(value) || value.length > 0) {
      this.report([...path, name], `${name}: must be a map`);
    }
    return undefined;
  }

  /** What an entity is referred to by: its name, or the id or name of a map (`service: { id: … }`). */
  reference({ fields, path }: Entity, name: string): string | undefined {
    const value = ownMember(fields, name);
    if (value === undefined || value === null) return undefined;
    const text = isJsonObject(value) ? (ownMember(value, 'id') ?? ownMember(value, 'name')) : value;
    if (typeof text === 'string') return text;
    this.report([...path, name], `${name}: must be a name or an id`);
    return undefined;
  }
}

/** What mends a number, or what YAML 1.1 takes for true or false. */
function hint(value: JsonValue | undefined): string {
  return typeof value === 'number' || typeof value === 'boolean' ? '; put it in quotes' : '';
}
