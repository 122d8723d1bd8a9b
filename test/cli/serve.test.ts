import { Command, CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { addServe } from '../../src/cli/serve.ts';
import type { ServerOptions } from '../../src/plugin-server/options.ts';

/** What a server is started with, or what standard error says of the command line. */
async function serve(...args: string[]): Promise<ServerOptions | string> {
  let started: ServerOptions | undefined;
  let written = '';
  const program = new Command('cloud-run-auth').exitOverride().configureOutput({
    writeErr: (text) => {
      written += text;
    },
  });
  addServe(program, async (options) => {
    started = options;
    throw new Error('it is enough to know the options');
  });
  await program.parseAsync(['serve', ...args], { from: 'user' }).catch((error: unknown) => {
    if (started === undefined && !(error instanceof CommanderError)) throw error;
  });
  return started ?? written;
}

it('starts with safe defaults', async () => {
  expect(await serve('--socket', '/run/kong.sock')).toEqual({
    socket: '/run/kong.sock',
    pluginsDirectory: expect.stringMatching(/\/plugins$/),
    workers: expect.any(Number),
    eventTimeoutMs: 5_000,
    maxFrameBytes: 16_777_216,
    socketMode: 0o600,
    drainTimeoutMs: 10_000,
  });
});

it('takes every option', async () => {
  const options = await serve(
    ...['--socket', 'kong.sock', '--plugins', './mine', '--workers', '3'],
    ...['--event-timeout-ms', '250', '--max-frame-bytes', '65536', '--socket-mode', '660'],
    ...['--metrics', '127.0.0.1:9100', '--drain-timeout-ms', '0'],
  );
  expect(options).toEqual({
    socket: 'kong.sock',
    pluginsDirectory: './mine',
    workers: 3,
    eventTimeoutMs: 250,
    maxFrameBytes: 65_536,
    socketMode: 0o660,
    metrics: { host: '127.0.0.1', port: 9100 },
    drainTimeoutMs: 0,
  });
});

it.each<[string, { host: string; port: number }]>([
  ['9100', { host: '127.0.0.1', port: 9100 }],
  ['[::1]:9100', { host: '::1', port: 9100 }],
  ['localhost:9100', { host: 'localhost', port: 9100 }],
])('takes %s for --metrics', async (text, metrics) => {
  expect(await serve('--socket', 's', '--metrics', text)).toMatchObject({ metrics });
});

it('needs --socket', async () => {
  expect(await serve()).toBe("error: required option '--socket <path>' not specified\n");
});

it.each([
  ['--workers', '0'],
  ['--workers', '1.5'],
  ['--workers', 'many'],
  ['--workers', '257'],
  ['--event-timeout-ms', '0'],
  ['--event-timeout-ms', '60000'],
  ['--event-timeout-ms', '5s'],
  ['--event-timeout-ms', '-1'],
  ['--event-timeout-ms', ''],
  ['--max-frame-bytes', '10'],
  ['--max-frame-bytes', '1e6'],
  ['--socket-mode', '888'],
  ['--socket-mode', '66'],
  ['--socket-mode', '4755'],
  ['--drain-timeout-ms', '600001'],
  ['--metrics', 'localhost'],
  ['--metrics', ':9100'],
  ['--metrics', '::1:9100'],
  ['--metrics', '[localhost]:9100'],
  ['--metrics', '127.0.0.1:65536'],
  ['--metrics', 'http://localhost:9100'],
])('refuses %s %s, and says what it expects', async (option, value) => {
  const message = await serve('--socket', 's', `${option}=${value}`);
  expect(message).toContain(`option '${option} <`);
  expect(message).toContain(`argument '${value}' is invalid. Expected `);
});

it('refuses options and arguments that it does not know', async () => {
  expect(await serve('--socket', 's', '--worker', '2')).toContain("unknown option '--worker'");
  expect(await serve('--socket', 's', 'more')).toContain('too many arguments');
});
