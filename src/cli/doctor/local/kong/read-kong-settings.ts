import type { Environment } from '../../../../core/google/environment.ts';
import { readTextFile } from '../../../policy/input/read-text-file.ts';
import type { KongSettings } from '../../check.ts';

const MOST_BYTES = 1024 * 1024;

/** Any of them says that this is the environment that Kong is started in. */
const SIGNS = ['plugins', 'pluginserver_names'];

/**
 * Kong's settings: those of a kong.conf, and over them those of the environment, `KONG_…`.
 *
 * @returns undefined where no file is named and the environment is not Kong's
 * @throws ConfigError where the file cannot be read
 * @see https://docs.konghq.com/gateway/latest/production/kong-conf/
 */
export function readKongSettings(
  file: string | undefined,
  environment: Environment,
): KongSettings | undefined {
  const settings = new Map(file === undefined ? [] : parse(readTextFile(file, MOST_BYTES)));
  const ofEnvironment = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith('KONG_') && value !== undefined
      ? [[name.slice('KONG_'.length).toLowerCase(), value] as const]
      : [],
  );
  for (const [name, value] of ofEnvironment) settings.set(name, value);
  if (file === undefined && !SIGNS.some((name) => settings.has(name))) return undefined;
  return settings;
}

/** `name = value # why`; a `#` that is meant is written `\#`. */
function parse(text: string): [string, string][] {
  return text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, name, value = ''] = /^\s*([a-z0-9_]+)\s*=\s*(.*)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const end = value.search(/(?<!\\)#/);
    const meant = (end === -1 ? value : value.slice(0, end)).replaceAll('\\#', '#').trim();
    const [, quoted] =
      /^(?:'(.*)'|"(.*)")$/.exec(meant)?.filter((part) => part !== undefined) ?? [];
    return [[name.toLowerCase(), quoted ?? meant]];
  });
}
