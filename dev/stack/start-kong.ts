import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Gateway, GatewayOptions } from '../gateway/start-gateway.ts';
import { eventually } from './eventually.ts';
import { kongEnvironment } from './kong-environment.ts';

export interface KongGateway extends Gateway {
  /** Kong's error log so far. */
  errorLog(): Promise<string>;
}

const run = promisify(execFile);

/**
 * Runs a real Kong, DB-less and on loopback, in place of the dev gateway.
 *
 * @param bin the `kong` program, e.g. from KONG_BIN
 * @throws Error with what Kong printed, where it does not start
 */
export async function startKong(bin: string, options: GatewayOptions): Promise<KongGateway> {
  const prefix = await mkdtemp(path.join(tmpdir(), 'kong-'));
  const errorLog = path.join(prefix, 'logs/error.log');
  const kong = kongEnvironment(prefix, options);
  for (const [file, text] of kong.files) await writeFile(file, text);
  const env = { ...process.env, ...kong.env };
  const pidFile = path.join(prefix, 'pids/nginx.pid');

  async function stop(): Promise<void> {
    try {
      if (!existsSync(pidFile)) return;
      const pid = Number(await readFile(pidFile, 'utf8'));
      await run(bin, ['stop'], { env });
      // `kong stop` returns before nginx is gone.
      await eventually('Kong to end', () => (existsSync(`/proc/${pid}`) ? undefined : true));
    } finally {
      await rm(prefix, { recursive: true, force: true });
    }
  }

  try {
    await start(bin, env);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${options.port}`,
    port: options.port ?? 0,
    tlsUrl: options.tls && `https://127.0.0.1:${options.tls.port}`,
    errorLog: () => readFile(errorLog, 'utf8'),
    stop,
  };
}

/** `kong start` leaves nginx behind, which would keep a pipe open; so its output goes to this process's own. */
async function start(bin: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(bin, ['start'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    // Ctrl-C must not leave it half started: then nothing knows what to stop.
    detached: true,
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${bin} start ended with ${code}; its error output is above`);
}
