import { ConfigError } from '../../../../core/config-error.ts';
import { isJsonObject } from '../../../../core/json.ts';
import { readTextFile } from '../../../policy/input/read-text-file.ts';

export interface DescribedPlugin {
  name: string;
  version: string;
}

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The plugins that a `query_cmd` prints, as far as that can be told without running it: of `cat FILE` by reading the
 * file.
 *
 * @returns undefined where it cannot be told
 */
export function describedPlugins(command: string | undefined): DescribedPlugin[] | undefined {
  const [, file] = /^\s*cat\s+(?:'([^']+)'|(\S+))\s*$/.exec(command ?? '')?.filter(Boolean) ?? [];
  if (file === undefined) return undefined;
  try {
    const document: unknown = JSON.parse(readTextFile(file, MOST_BYTES));
    const plugins = isJsonObject(document) ? document.Plugins : document;
    if (!Array.isArray(plugins)) return undefined;
    return plugins
      .filter(isJsonObject)
      .map(({ Name, Version }) => ({ name: String(Name), version: String(Version) }));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
