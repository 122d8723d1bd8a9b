import type { z } from 'zod';
import type { ConfigFields } from '../core/config/fields.ts';
import { parseConfig } from '../core/config/parse-config.ts';
import { ConfigError } from '../core/config-error.ts';
import type { JsonValue } from '../core/json.ts';
import type { RoutePlugin } from '../kong/declarative-config/declarative-config.ts';
import { isUnknown } from '../kong/declarative-config/is-unknown.ts';

/** One of the suite's plugins on a route. */
export interface ConfiguredPlugin<Config> {
  declared: RoutePlugin;
  /** As the plugin parses it; absent where it does not parse, or hangs on a value that is unknown here. */
  config: Config | undefined;
  /** Why it does not parse, each as `config.issuers[0].issuer: …`. */
  problems: readonly string[];
}

/**
 * Parses a plugin's config as the plugin does. What is wrong only because its value is not known here is no problem.
 *
 * @param check what the plugin asks of fields together; throws ConfigError
 */
export function configurePlugin<F extends ConfigFields>(
  declared: RoutePlugin | undefined,
  fields: F,
  check?: (config: z.output<F>) => void,
): ConfiguredPlugin<z.output<F>> | undefined {
  if (declared === undefined) return undefined;
  try {
    const config = parseConfig(fields, declared.config);
    check?.(config);
    return { declared, config, problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const unknown = unknownPlaces(declared.config, 'config');
    const problems = error.problems.filter(
      (problem) => !unknown.some((place) => problem.startsWith(`${place}: `)),
    );
    return { declared, config: undefined, problems };
  }
}

/** `config.issuers[0].issuer`, for each value that is not known here. */
function unknownPlaces(value: JsonValue, place: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => unknownPlaces(item, `${place}[${index}]`));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, item]) => unknownPlaces(item, `${place}.${name}`));
  }
  return isUnknown(value) ? [place] : [];
}
