import { Malfunction } from '../core/malfunction.ts';
import type { LoadedPlugin } from './loaded-plugin.ts';
import { PHASES } from './phases.ts';

/** Kong takes `1`, `1.2` and `1.2.3`, and cuts off what follows, as in `1.2.3-rc1`; it refuses a fourth number. */
const VERSION = /^\d+(\.\d+){0,2}(?![.\d])/;

/** Names stand in Kong's comma-separated lists, and in the names of environment variables. */
const NAME = /^[a-z0-9][a-z0-9._-]*$/;

/**
 * Reads a plugin in the shape of kong-pdk's: `Plugin`, a class, with `Name`, `Version`, `Priority` and `Schema` beside it.
 *
 * @param fallbackName for a plugin that has none
 * @throws Malfunction that says what Kong would not accept
 */
export function readPluginModule(
  module: unknown,
  file: string,
  fallbackName: string,
): LoadedPlugin {
  const { Plugin, Name, Version, Priority, Schema } = exportsOf(module);
  if (!isClass(Plugin)) throw new Malfunction('exports no class `Plugin`');
  return {
    name: nameOf(Name, fallbackName),
    version: versionOf(Version),
    priority: priorityOf(Priority ?? 0),
    phases: phasesOf(Plugin),
    schema: schemaOf(Schema ?? []),
    Plugin,
    file,
  };
}

/**
 * A CommonJS module's exports are all under `default`; beside it Node puts only those that it recognizes without running
 * the module. An ES module may have its exports on either side.
 */
function exportsOf(module: unknown): Record<string, unknown> {
  const members = (module ?? {}) as Record<string, unknown>;
  const inner = (members.default ?? {}) as Record<string, unknown>;
  return inner.Plugin === undefined ? members : inner;
}

function isClass(value: unknown): value is LoadedPlugin['Plugin'] {
  return typeof value === 'function' && typeof value.prototype === 'object';
}

function nameOf(exported: unknown, fallback: string): string {
  if (exported !== undefined && typeof exported !== 'string') {
    throw new Malfunction('its Name is not a string');
  }
  const name = (exported || fallback).toLowerCase();
  if (NAME.test(name)) return name;
  throw new Malfunction(
    `cannot be called "${name}": a name is made of letters, digits, dots, dashes and underscores`,
  );
}

function versionOf(version: unknown): string {
  if (typeof version === 'string' && VERSION.test(version)) return version;
  throw new Malfunction(
    `its Version is ${shown(version)}; Kong loads a plugin only with a version such as '1.2.3'`,
  );
}

function priorityOf(priority: unknown): number {
  // The protocol has an int32 for it.
  if (typeof priority === 'number' && (priority | 0) === priority) return priority;
  throw new Malfunction(`its Priority is ${shown(priority)}; Kong needs a whole number`);
}

function phasesOf(Plugin: LoadedPlugin['Plugin']): string[] {
  const methods = Plugin.prototype as Record<string, unknown>;
  const phases = PHASES.filter((phase) => typeof methods[phase] === 'function');
  if (phases.length > 0) return phases;
  throw new Malfunction(`its class \`Plugin\` has none of the methods ${PHASES.join(', ')}`);
}

function schemaOf(schema: unknown): object[] {
  if (!Array.isArray(schema)) throw new Malfunction('its Schema is not an array of fields');
  schema.forEach((field: unknown, index) => {
    const definitions = isPlain(field) ? Object.values(field) : [];
    if (definitions.length !== 1 || !definitions.every(isPlain)) {
      throw new Malfunction(`Schema[${index}] is not of the form { name: { type: … } }`);
    }
    refuseFunctions(field, `Schema[${index}]`);
  });
  return schema;
}

/** Kong gets the schema as JSON: a check that is a function would be dropped, and nobody would know. */
function refuseFunctions(value: unknown, place: string): void {
  if (typeof value === 'function') {
    throw new Malfunction(`${place} is a function, which cannot be sent to Kong`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) refuseFunctions(item, `${place}.${key}`);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? typeof value);
}
