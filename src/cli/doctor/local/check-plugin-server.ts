import { VERSION } from '../../../core/version.ts';
import type { Check, DoctorSubject, DoctorTools, KongSettings } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { conclude } from './conclude.ts';
import { describedPlugins } from './kong/described-plugins.ts';
import {
  environmentName,
  listOf,
  type PluginServerEntry,
  pluginServerEntries,
} from './kong/plugin-server-entries.ts';
import { CHAIN } from './priorities.ts';

const CHECK = 'plugin-server';

/** Is Kong told of our plugins, each in an entry of its own, and what runs them? */
export const checkPluginServer: Check = async (subject, tools) => {
  const settings = subject.kong_settings;
  const used = usedPlugins(subject);
  if (used.length === 0) return [];
  if (settings === undefined) {
    const message = 'How Kong runs the plugin server is not known here.';
    const fix =
      'cloud-run-auth doctor --kong-conf /etc/kong/kong.conf   # or where KONG_PLUGINSERVER_NAMES is set';
    return [{ check: CHECK, severity: 'info', message, fix }];
  }
  const entries = pluginServerEntries(settings);
  const found = [
    ...missing(used, entries, settings),
    ...entries.flatMap(lookAtEntry),
    ...hiddenVariables(entries, settings, tools),
  ];
  return conclude(CHECK, true, found, 'Kong knows the plugins and what runs them.');
};

function usedPlugins({ plugin_names = [] }: DoctorSubject): string[] {
  return CHAIN.filter((name) => plugin_names.includes(name));
}

function say(severity: Severity, message: string, fix: string): Finding {
  return { check: CHECK, severity, message, fix };
}

function missing(
  used: readonly string[],
  entries: readonly PluginServerEntry[],
  settings: KongSettings,
): Finding[] {
  const enabled = listOf(settings.get('plugins') ?? 'bundled');
  const provided = entries.flatMap(({ name, query_cmd }) => {
    // Since 3.9 Kong takes the first plugin alone.
    const [first] = describedPlugins(query_cmd) ?? [{ name }];
    return [name, first?.name];
  });
  const isOff = used.filter((name) => !enabled.includes(name));
  const hasNoEntry = used.filter((name) => !provided.includes(name));
  const names = [...new Set([...entries.map(({ name }) => name), ...hasNoEntry])];
  return [
    ...isOff.map((name) =>
      say(
        'error',
        `${name} is used and not among Kong's plugins: Kong does not take the configuration.`,
        `KONG_PLUGINS=${[...new Set([...enabled, ...used])].join(',')}`,
      ),
    ),
    ...hasNoEntry.map((name) =>
      say(
        'error',
        `${name} has no entry among Kong's plugin servers: Kong does not start.`,
        `KONG_PLUGINSERVER_NAMES=${names.join(',')}   # with ${environmentName(name, 'QUERY_CMD')} and ${environmentName(name, 'SOCKET')}`,
      ),
    ),
  ];
}

function lookAtEntry(entry: PluginServerEntry): Finding[] {
  const { name, start_cmd = '', query_cmd = '' } = entry;
  const found: Finding[] = [];
  const described = describedPlugins(query_cmd);
  const [first, ...others] = described ?? [];
  if (others.length > 0 || /--dump-all-plugins/.test(query_cmd)) {
    const rest = others.length === 0 ? '' : ` ${first?.name}`;
    found.push(
      say(
        'error',
        `The query_cmd of ${name} prints several plugins, of which Kong 3.9 takes the first${rest} alone.`,
        `${environmentName(name, 'QUERY_CMD')}="cat /opt/kong-cloud-run-auth/dist/plugin-info/${name}.json"   # one entry for each plugin`,
      ),
    );
  }
  if (first !== undefined && isOurs(first.name) && first.version !== VERSION) {
    found.push(
      say(
        'warning',
        `The query_cmd of ${name} describes version ${first.version} of ${first.name}, and this is ${VERSION}: fields of one may be unknown to the other.`,
        'serve, describe-plugin and plugin-info/ of one and the same dist/',
      ),
    );
  }
  const isStock = /kong-js-pluginserver/.test(start_cmd) || /plugin-info\/stock\//.test(query_cmd);
  if (isStock) {
    found.push(
      say(
        'warning',
        `${name} runs in Kong's own kong-js-pluginserver: while that is dead or hangs, requests go through to the service without an ID token.`,
        `${environmentName(name, 'START_CMD')}="node /opt/kong-cloud-run-auth/dist/cloud-run-auth.cjs serve --socket ${entry.socket}"`,
      ),
    );
  }
  if (/kong-js-pluginserver/.test(start_cmd) && !/guard\.cjs/.test(start_cmd)) {
    found.push(
      say(
        'error',
        `${name}: kong-js-pluginserver runs without the guard, and lets requests through beyond 511 connections and after an nginx worker has died.`,
        `node --require /opt/kong-cloud-run-auth/dist/guard.cjs /usr/local/bin/kong-js-pluginserver …   # in ${environmentName(name, 'START_CMD')}`,
      ),
    );
  }
  return found;
}

function isOurs(name: string): boolean {
  return CHAIN.some((one) => one === name);
}

/** nginx hides its environment from what it starts. */
function hiddenVariables(
  entries: readonly PluginServerEntry[],
  settings: KongSettings,
  { environment }: DoctorTools,
): Finding[] {
  if (entries.every(({ start_cmd }) => start_cmd === undefined)) return [];
  const shown = settings.get('nginx_main_env') ?? '';
  const hidden = [
    'GOOGLE_APPLICATION_CREDENTIALS',
    'GCE_METADATA_HOST',
    'NODE_EXTRA_CA_CERTS',
  ].filter((name) => environment[name] !== undefined && !shown.includes(name));
  return hidden.map((name) =>
    say(
      'warning',
      `${name} is set, but nginx hides it from the plugin server that Kong starts.`,
      // What stands there may hold values.
      `KONG_NGINX_MAIN_ENV="${shown === '' ? '' : '…; env '}${name}"`,
    ),
  );
}
