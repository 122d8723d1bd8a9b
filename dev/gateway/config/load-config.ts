import type { PluginInfo } from '../plugin-info.ts';
import { effectiveRecord, type ReferenceOptions } from '../schema/effective.ts';
import type { ConfigMap, SchemaProblem } from '../schema/field.ts';
import { suggestion } from '../schema/suggest.ts';
import { validateValue } from '../schema/validate.ts';
import { collectEntities, type EntityKind } from './collect.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { OTHER_ENTITIES } from './kong-names.ts';
import { ConfigError } from './problem.ts';
import { resolveReferences, uniquenessProblems } from './references.ts';
import { toGatewayConfig } from './to-gateway-config.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

const KINDS: EntityKind[] = ['services', 'routes', 'consumers', 'plugins'];

export interface LoadOptions extends ReferenceOptions {
  fileName: string;
  plugins: Map<string, PluginInfo>;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Reads a `kong.yml` as a DB-less Kong 3.9 does.
 *
 * @throws ConfigError with all that is wrong, each with line and column
 */
export function loadConfig(text: string, options: LoadOptions): GatewayConfig {
  const source = readYaml(text, options.fileName);
  if (!(source.value instanceof Map)) {
    throw failure(source, options, [{ path: [], message: 'expected an object' }]);
  }
  const top = source.value;
  const problems = topLevelProblems(top);
  const { entities, problems: found } = collectEntities(top, KINDS, options.plugins);
  const references = resolveReferences(entities);
  problems.push(...found, ...uniquenessProblems(entities), ...references.problems);
  if (problems.length > 0) throw failure(source, options, problems);
  const warn = (path: SchemaProblem['path'], message: string) => {
    const { line, column } = source.problemAt(path, message);
    return `${options.fileName}:${line}:${column}: ${message}`;
  };
  return toGatewayConfig(entities, references, {
    now: options.now,
    effective: (schema, item) => effectiveRecord(schema.fields ?? new Map(), item, options),
    warn,
  });
}

function topLevelProblems(top: ConfigMap): SchemaProblem[] {
  const problems = validateValue(
    { type: 'string', required: true, one_of: ['3.0'] },
    top.get('_format_version') ?? null,
    ['_format_version'],
  );
  const known = ['_format_version', '_transform', '_comment', '_ignore', ...KINDS];
  for (const key of top.keys()) {
    const name = String(key);
    if (known.includes(name)) continue;
    const message = OTHER_ENTITIES.includes(name)
      ? `the development gateway has no '${name}'`
      : `unknown field${suggestion(name, known)}`;
    problems.push({ path: [name], message, at: 'key' });
  }
  const transform = top.get('_transform') ?? null;
  return [...problems, ...validateValue({ type: 'boolean' }, transform, ['_transform'])];
}

function failure(source: YamlSource, options: LoadOptions, problems: SchemaProblem[]) {
  return new ConfigError(
    options.fileName,
    problems.map(({ path, message, at }) => {
      const where = path.reduce<string>(
        (text, step) =>
          typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`,
        '',
      );
      return source.problemAt(path, where === '' ? message : `${where}: ${message}`, at);
    }),
  );
}
