import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { VERSION } from '../../../core/version.ts';
import type { Check } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { shellWord } from '../shell-word.ts';
import { conclude } from './conclude.ts';
import { askPluginServer, type PluginServerAnswer } from './kong/ask-plugin-server.ts';
import { type PluginServerEntry, pluginServerEntries } from './kong/plugin-server-entries.ts';
import { CHAIN } from './priorities.ts';

const CHECK = 'plugin-server-socket';

const OTHERS_MAY_WRITE = 0o002;
/** `sun_path` of Linux, with its final zero. */
const MOST_PATH_BYTES = 107;

/** Does the plugin server answer, and is it of this version? */
export const checkPluginServerSocket: Check = async (
  { kong_settings: settings, plugin_names = [] },
  { timeout_ms },
) => {
  const used = CHAIN.filter((name) => plugin_names.includes(name));
  if (settings === undefined || used.length === 0) return [];
  const entries = pluginServerEntries(settings);
  const sockets = new Set(entries.map(({ socket }) => socket));
  const found: Finding[] = [];
  for (const socket of sockets) {
    const sharing = entries.filter((entry) => entry.socket === socket);
    found.push(...(await lookAt(socket, sharing, timeout_ms)));
  }
  return conclude(
    CHECK,
    sockets.size > 0,
    found,
    `The plugin server answers, with version ${VERSION}.`,
  );
};

function say(severity: Severity, message: string, fix?: string): Finding {
  const finding = { check: CHECK, severity, message };
  return fix === undefined ? finding : { ...finding, fix };
}

async function lookAt(
  socket: string,
  entries: readonly PluginServerEntry[],
  timeout_ms: number,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const serve = `cloud-run-auth serve --socket ${shellWord(socket)}`;
  if (Buffer.byteLength(socket) > MOST_PATH_BYTES) {
    const message = `The path of the socket ${socket} is longer than ${MOST_PATH_BYTES} bytes.`;
    return [say('error', message, 'a shorter path')];
  }
  const starting = entries.filter(({ start_cmd }) => start_cmd !== undefined);
  if (starting.length > 1) {
    const names = starting.map(({ name }) => name).join(' and ');
    const message = `${names} each start a server for the one socket ${socket}: the second finds it taken.`;
    found.push(say('warning', message, 'one START_CMD for each socket'));
  }
  if (!existsSync(socket)) {
    // Settings of another machine, most likely.
    const isElsewhere = !existsSync(path.dirname(socket));
    const message = isElsewhere
      ? `The plugin server's socket ${socket} is not on this machine.`
      : `There is no socket ${socket}: Kong answers every request with 500 until the plugin server is up.`;
    return [...found, say(isElsewhere ? 'info' : 'error', message, serve)];
  }
  const stat = statSync(socket);
  if (!stat.isSocket()) {
    return [
      ...found,
      say('error', `${socket} is not a socket.`, `rm ${shellWord(socket)} && ${serve}`),
    ];
  }
  if ((stat.mode & OTHERS_MAY_WRITE) !== 0) {
    const message = `Every user of this machine may write to ${socket}, run the plugins and have ID tokens minted.`;
    found.push(say('error', message, `${serve} --socket-mode 660   # with Kong in its group`));
  }
  const answer = await askPluginServer(socket, timeout_ms);
  return [...found, ...judge(answer, socket, entries, serve)];
}

function judge(
  answer: PluginServerAnswer,
  socket: string,
  entries: readonly PluginServerEntry[],
  serve: string,
): Finding[] {
  if ('problem' in answer) {
    if (answer.problem === 'denied') {
      const message = `This user may not connect to ${socket}; whether Kong's may is not known.`;
      return [say('warning', message, `sudo -u kong cloud-run-auth doctor …   # as Kong's user`)];
    }
    if (answer.problem === 'refused') {
      return [say('error', `Nobody listens at ${socket}: the plugin server is dead.`, serve)];
    }
    const isStock = entries.some(({ start_cmd, query_cmd }) =>
      /kong-js-pluginserver|plugin-info\/stock\//.test(`${start_cmd} ${query_cmd}`),
    );
    if (isStock) {
      const message = `What listens at ${socket} does not speak ProtoBuf:1; kong-js-pluginserver does not.`;
      return [say('info', message)];
    }
    return [
      say('error', `What listens at ${socket} does not answer by ProtoBuf:1 in time.`, serve),
    ];
  }
  const { plugins } = answer;
  const ours = CHAIN.filter((name) => entries.some((entry) => entry.name === name));
  const lacking = ours.filter((name) => !plugins.some((plugin) => plugin.name === name));
  const other = plugins.filter(
    ({ name, version }) => ours.some((one) => one === name) && version !== VERSION,
  );
  return [
    ...lacking.map((name) => {
      const message = `The plugin server at ${socket} does not have ${name}: its routes answer 500.`;
      return say('error', message, `${serve} --plugins DIST/plugins`);
    }),
    ...other.map(({ name, version }) => {
      const message = `The plugin server at ${socket} runs ${name} ${version}, and this is ${VERSION}.`;
      return say(
        'warning',
        message,
        'restart the plugin server, and use the cloud-run-auth of its dist/',
      );
    }),
  ];
}
