import { type Command, Option } from 'commander';
import { createLogger } from '../kong/logger.ts';
import { defaultWorkers } from '../plugin-server/default-workers.ts';
import type { ServerOptions } from '../plugin-server/options.ts';
import { startPrimary } from '../plugin-server/primary.ts';
import { isLoopback } from './is-loopback.ts';
import { parseAddress } from './parse-address.ts';
import { parseSocketMode } from './parse-socket-mode.ts';
import { parseWholeNumber } from './parse-whole-number.ts';
import { parseWorkers } from './parse-workers.ts';
import { pluginsOption } from './plugins-option.ts';

interface ServeFlags extends Omit<ServerOptions, 'pluginsDirectory' | 'workers'> {
  plugins: string;
  workers: number | 'auto';
}

type Start = (options: ServerOptions) => Promise<{ stop(): Promise<void> }>;

/** Kong waits 60 s for a plugin server unless it is told otherwise, and then answers in its stead. */
const MOST_EVENT_MS = 55_000;
const OTHERS_MAY_WRITE = 0o002;

/** `serve`: runs the plugin server until it is told to stop. */
export function addServe(program: Command, start: Start = startPrimary): void {
  program
    .command('serve')
    .description('run the plugin server that Kong connects to')
    .requiredOption('--socket <path>', 'the Unix socket to listen on')
    .addOption(pluginsOption())
    .addOption(
      new Option('--workers <count>', 'processes that run plugins')
        .argParser(parseWorkers)
        .default('auto', 'auto: one for each core that this process may use'),
    )
    .addOption(
      new Option('--event-timeout-ms <ms>', 'bound on what a plugin does in one phase of a request')
        .argParser(parseWholeNumber(1, MOST_EVENT_MS))
        .default(5_000),
    )
    .addOption(
      new Option('--max-frame-bytes <bytes>', 'longest message to take from Kong')
        .argParser(parseWholeNumber(1_024, 2 ** 30))
        .default(16_777_216),
    )
    .addOption(
      new Option('--socket-mode <mode>', "the socket's permissions, octal")
        .argParser(parseSocketMode)
        .default(0o600, '600'),
    )
    .addOption(
      new Option(
        '--metrics <address>',
        'serve /metrics, /healthz and /readyz at HOST:PORT, or at PORT on 127.0.0.1',
      ).argParser(parseAddress),
    )
    .option(
      '--warm <kong.yml>',
      'mint the ID tokens of the routes in this file at the start, ahead of their first requests',
    )
    .addOption(
      new Option('--drain-timeout-ms <ms>', 'how long running events may take to end at a stop')
        .argParser(parseWholeNumber(0, 600_000))
        .default(10_000),
    )
    .action((flags: ServeFlags) => serve(flags, start));
}

async function serve({ plugins, workers, ...flags }: ServeFlags, start: Start): Promise<void> {
  const logger = createLogger();
  if (flags.metrics && !isLoopback(flags.metrics.host)) {
    logger.warn(flags.metrics, 'metrics are served beyond loopback, to whoever can connect');
  }
  if ((flags.socketMode & OTHERS_MAY_WRITE) !== 0) {
    const socket_mode = flags.socketMode.toString(8);
    logger.warn({ socket_mode }, 'every user of this machine may run plugins, tokens and all');
  }
  const server = await start({
    ...flags,
    pluginsDirectory: plugins,
    workers: workers === 'auto' ? defaultWorkers() : workers,
  });
  stopAtSignal(server, logger);
}

/** The first signal lets running events end; the second does not. */
function stopAtSignal(
  server: { stop(): Promise<void> },
  logger: ReturnType<typeof createLogger>,
): void {
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      logger.info({ signal }, 'the plugin server stops');
      server.stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
