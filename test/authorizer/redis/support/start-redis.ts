import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe } from 'vitest';
import { type RedisSettings, redisFields } from '../../../../src/authorizer/redis/config.ts';
import { parseConfig } from '../../../../src/core/config/parse-config.ts';

export interface RedisServer {
  port: number;
  settings: (changes?: Record<string, unknown>) => RedisSettings;
  /** Sends a command with redis-cli, and returns what that prints. */
  cli: (...args: string[]) => string;
  /** Starts it again, with what it has on disk. */
  start: () => Promise<void>;
  /** Kills it, so that it has no time to write anything. */
  kill: () => Promise<void>;
  /** It keeps its connections, and answers nothing. */
  pause: () => void;
  resume: () => void;
  /** Kills it for good. */
  stop: () => Promise<void>;
}

/** Runs a suite where `redis-server` is installed. Elsewhere it is skipped, and says so. */
export function describeWithRedis(suite: string, tests: () => void): void {
  describeWith(['redis-server', 'redis-cli'], suite, tests);
}

/** The same for what needs further programs. */
export function describeWith(programs: readonly string[], suite: string, tests: () => void): void {
  const missing = programs.find((program) => !isInstalled(program));
  if (missing === undefined) {
    describe(suite, tests);
    return;
  }
  const reason = `${missing} is not installed`;
  console.info(`skipped: ${suite}: ${reason}`);
  describe.skip(`${suite} (${reason})`, tests);
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server on a free port of loopback that keeps nothing on disk unless told to.
 *
 * @param options.args further options of redis-server
 * @param options.tls its port speaks TLS
 * @param options.auth how redis-cli logs in
 */
export async function startRedis({
  args = [],
  auth = [],
  tls,
}: {
  args?: readonly string[];
  auth?: readonly string[];
  tls?: { folder: string };
} = {}): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'redis-'));
  const port = await findFreePort();
  const files = (name: string) => path.join(tls?.folder ?? '', name);
  const ports = tls
    ? [
        ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
        ...['--tls-cert-file', files('server.crt'), '--tls-key-file', files('server.key')],
        ...['--tls-ca-cert-file', files('ca.crt')],
      ]
    : ['--port', String(port)];
  const cliTls = tls ? ['--tls', '--cacert', files('ca.crt')] : [];
  const common = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no'];
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn('redis-server', [...common, ...ports, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const lines = createInterface({ input: started.stdout });
    const said: string[] = [];
    let isReady = false;
    for await (const line of lines) {
      said.push(line);
      isReady = line.includes('Ready to accept connections');
      if (isReady) break;
    }
    started.stdout.resume();
    if (!isReady) throw new Error(`redis-server ended: ${said.join('\n')}`);
  }

  async function kill(): Promise<void> {
    const ended = child;
    child = undefined;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    ended.kill('SIGKILL');
    await once(ended, 'exit');
  }

  await start();
  return {
    port,
    settings: (changes = {}) => parseConfig(redisFields, { host: '127.0.0.1', port, ...changes }),
    cli: (...command) =>
      execFileSync(
        'redis-cli',
        [
          '-h',
          '127.0.0.1',
          '-p',
          String(port),
          ...cliTls,
          '--no-auth-warning',
          ...auth,
          ...command,
        ],
        { encoding: 'utf8' },
      ).trim(),
    start,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function findFreePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
