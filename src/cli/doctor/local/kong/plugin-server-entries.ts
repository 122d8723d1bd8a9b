import path from 'node:path';
import type { KongSettings } from '../../check.ts';

/** One of Kong's `pluginserver_names`. */
export interface PluginServerEntry {
  name: string;
  socket: string;
  /** Absent where something else starts the server. */
  start_cmd: string | undefined;
  query_cmd: string | undefined;
}

const DEFAULT_PREFIX = '/usr/local/kong';

/**
 * Kong's plugin servers, with the defaults of Kong.
 *
 * @see https://github.com/Kong/kong/blob/3.9.0/kong/runloop/plugin_servers/process.lua
 */
export function pluginServerEntries(settings: KongSettings): PluginServerEntry[] {
  return listOf(settings.get('pluginserver_names')).map((name) => {
    const setting = (what: string) =>
      settings.get(`pluginserver_${name.toLowerCase().replaceAll('-', '_')}_${what}`);
    const prefix = settings.get('prefix') ?? DEFAULT_PREFIX;
    return {
      name,
      socket: setting('socket') ?? path.posix.join(prefix, `${name}.socket`),
      start_cmd: setting('start_cmd'),
      query_cmd: setting('query_cmd'),
    };
  });
}

/** A list as Kong writes them, separated by commas; `off` is none. */
export function listOf(text: string | undefined): string[] {
  const items = (text ?? '').split(',').map((item) => item.trim());
  return items.filter((item) => item !== '' && item !== 'off');
}

/** How a setting is written in the environment. */
export function environmentName(entry: string, what: string): string {
  return `KONG_PLUGINSERVER_${entry.toUpperCase().replaceAll('-', '_')}_${what}`;
}
