import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { PluginServerEntry } from './plugin-server-entry.ts';
import { startGateway } from './start-gateway.ts';

const USAGE = `Usage: tsx dev/gateway/main.ts <kong.yml> [options]

  --port <port>            port to listen on (default 8000)
  --host <host>            loopback address to listen on (default 127.0.0.1)
  --plugin-server name=<name>,socket=<path>,query-cmd=<command>
                           one for each plugin, as Kong's pluginserver_<name>_… settings
  --access-log             print what log plugins would get, one JSON line for each request
`;

const BANNER = `Development gateway: stands in for Kong 3.9 in development and test.
It is no Kong, must not serve production traffic, and refuses to listen beyond loopback.`;

/** @throws Error for an entry that lacks a part; `query-cmd` is last, since it may hold commas */
function parsePluginServer(text: string): PluginServerEntry {
  const [, name, socket, queryCmd] =
    /^name=([^,]+),socket=([^,]+),query-cmd=(.+)$/s.exec(text) ?? [];
  if (name === undefined || socket === undefined || queryCmd === undefined) {
    throw new Error(
      `--plugin-server needs name=…,socket=…,query-cmd=… in this order, not '${text}'`,
    );
  }
  return { name, socket, queryCmd };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8000' },
      host: { type: 'string', default: '127.0.0.1' },
      'plugin-server': { type: 'string', multiple: true, default: [] },
      'access-log': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [file] = positionals;
  if (values.help || file === undefined || positionals.length > 1) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port must be a number from 0 to 65535, not '${values.port}'`);
  }
  process.stdout.write(`${BANNER}\n`);
  const gateway = await startGateway({
    config: await readFile(file, 'utf8'),
    configName: basename(file),
    pluginServers: values['plugin-server'].map(parsePluginServer),
    host: values.host,
    port,
    ...(values['access-log'] && {
      accessLog: (entry: Record<string, unknown>) =>
        process.stdout.write(`${JSON.stringify(entry)}\n`),
    }),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void gateway.stop().finally(() => process.exit(0));
    });
  }
  process.stdout.write(`listening on ${gateway.url}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
