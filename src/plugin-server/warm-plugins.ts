import { ConfigError } from '../core/config-error.ts';
import type { Logger } from '../core/logger.ts';
import { readRegularFile } from '../core/read-regular-file.ts';
import type { DeclaredRoute, RoutePlugin } from '../kong/declarative-config/declarative-config.ts';
import { readDeclarativeConfig } from '../kong/declarative-config/read-declarative-config.ts';
import { describeError } from '../kong/describe-error.ts';
import type { LoadedPlugin } from './loaded-plugin.ts';

/** So that fifty routes do not ask for fifty tokens in the same moment. */
const AT_ONCE = 8;

/** A file of that size has some thousand routes. */
const MAX_BYTES = 16 * 1024 * 1024;

type Warm = (service: { host: string }) => Promise<void>;

/**
 * Reads the routes to warm.
 *
 * @param file a kong.yml; whatever is wrong with it is logged, and there are no routes then
 */
export function readWarmRoutes(file: string, logger: Logger): readonly DeclaredRoute[] {
  try {
    return readDeclarativeConfig(readRegularFile('--warm', file, MAX_BYTES), file).routes;
  } catch (error) {
    const reason =
      error instanceof ConfigError ? { problems: error.problems } : { error: describeError(error) };
    logger.warn({ file, ...reason }, 'no route is warmed: the file cannot be read');
    return [];
  }
}

/**
 * Lets plugins prepare for routes ahead of their first requests: those whose class has a method `warm`. Nothing depends
 * on its success.
 */
export async function warmPlugins(
  routes: readonly DeclaredRoute[],
  plugins: ReadonlyMap<string, LoadedPlugin>,
  logger: Logger,
): Promise<void> {
  const work = routes.flatMap((route) => route.plugins.map((plugin) => ({ route, plugin })));
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      await warm(next.route, next.plugin, plugins, logger);
    }
  });
  await Promise.all(lanes);
}

async function warm(
  { name: route, service }: DeclaredRoute,
  { name: plugin, config }: RoutePlugin,
  plugins: ReadonlyMap<string, LoadedPlugin>,
  logger: Logger,
): Promise<void> {
  const loaded = plugins.get(plugin);
  if (loaded === undefined || !('warm' in loaded.Plugin.prototype) || service === undefined) return;
  if (JSON.stringify(config).includes('{vault://')) {
    logger.info({ plugin, route }, 'not warmed: Kong alone can resolve a vault reference');
    return;
  }
  try {
    const object = new loaded.Plugin(config) as { warm: Warm };
    await object.warm({ host: service.host });
  } catch (error) {
    logger.warn({ plugin, route, error: describeError(error) }, 'a route could not be warmed');
  }
}
