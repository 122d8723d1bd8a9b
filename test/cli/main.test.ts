import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram } from '../../scripts/build/build-program.ts';
import { VERSION } from '../../src/core/version.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-'));
const program = path.join(folder, 'cloud-run-auth.cjs');
const socket = path.join(folder, 'kong.sock');

const PLUGIN = `
  class Plugin { async access(kong) {} }
  module.exports = { Plugin, Version: '1.0.0', Priority: 5 };`;
/** Every way to standard output that a plugin might take, now and later. */
const NOISY = `
  const noise = () => {
    console.log('noise');
    process.stdout.write('noise\\n');
    require('node:fs').writeSync(1, 'noise\\n');
    require('node:child_process').spawnSync('echo', ['noise'], { stdio: 'inherit' });
  };
  noise();
  setInterval(noise, 1);
  ${PLUGIN}`;

function pluginFolder(name: string, files: Record<string, string>): string {
  const directory = path.join(folder, name);
  mkdirSync(directory);
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(path.join(directory, file), content);
  }
  return directory;
}

let running: ChildProcess | undefined;

beforeAll(async () => {
  await buildProgram(program);
  pluginFolder('plugins', { 'one.js': PLUGIN, 'two.js': PLUGIN });
});
afterEach(() => {
  running?.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

function launch(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  return child;
}

async function run(...args: string[]) {
  const child = launch(...args);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, stdout, stderr };
}

describe('describe-plugin', () => {
  it('prints one plugin of the folder beside the program, and nothing else', async () => {
    const { code, stdout, stderr } = await run('describe-plugin', 'two');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      Protocol: 'ProtoBuf:1',
      Plugins: [
        {
          Name: 'two',
          Version: '1.0.0',
          Phases: ['access'],
          Priority: 5,
          Schema: { name: 'two', fields: [{ config: { type: 'record', fields: [] } }] },
        },
      ],
    });
  });

  it('leaves out the log phase where it is told to, and no other', async () => {
    const both = pluginFolder('both', {
      'a.js': "module.exports = { Version: '1.0.0', Plugin: class { access() {} log() {} } };",
    });
    const phases = async (...flags: string[]) => {
      const { stdout } = await run('describe-plugin', 'a', '--plugins', both, ...flags);
      return JSON.parse(stdout).Plugins[0].Phases;
    };
    expect(await phases()).toEqual(['access', 'log']);
    expect(await phases('--no-log-phase')).toEqual(['access']);
  });

  it('keeps standard output clean whatever plugins write, and ends although they go on', async () => {
    const noisy = pluginFolder('noisy', { 'noisy.js': NOISY });
    const { code, stdout, stderr } = await run('describe-plugin', 'noisy', '--plugins', noisy);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(stderr.match(/noise\n/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('says which plugins there are where it knows none of the name', async () => {
    expect(await run('describe-plugin', 'three')).toEqual({
      code: 1,
      stdout: '',
      stderr: `cloud-run-auth: there is no plugin "three" in ${folder}/plugins; there are: one, two\n`,
    });
  });

  it('says which file does not load', async () => {
    const broken = pluginFolder('broken', { 'a.js': 'throw new Error("no luck")', 'b.js': PLUGIN });
    expect(await run('describe-plugin', 'b', '--plugins', broken)).toEqual({
      code: 1,
      stdout: '',
      stderr: `cloud-run-auth: ${broken}/a.js: does not load: Error: no luck\n`,
    });
  });

  it('says so where a plugin ends the process', async () => {
    const leaving = pluginFolder('leaving', { 'a.js': 'process.exit(0)' });
    const { code, stdout, stderr } = await run('describe-plugin', 'a', '--plugins', leaving);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${leaving}: a plugin ended the process while loading (exit code 0)`);
  });
});

describe('serve', () => {
  async function serve(...args: string[]) {
    const child = launch('serve', '--socket', socket, '--workers', '1', ...args);
    const printed = text(child.stdout);
    const lines: string[] = [];
    const log = createInterface({ input: child.stderr });
    log.on('line', (line) => lines.push(line));
    async function logged(message: string): Promise<Record<string, unknown>> {
      for (;;) {
        const line = lines.find((candidate) => candidate.includes(message));
        if (line !== undefined) return JSON.parse(line);
        await once(log, 'line');
      }
    }
    return { child, printed, logged };
  }

  it('serves until SIGTERM, then removes its socket and ends with 0, and never prints', async () => {
    const noisy = path.join(folder, 'noisy-server');
    mkdirSync(noisy);
    writeFileSync(path.join(noisy, 'noisy.js'), NOISY);
    const { child, printed, logged } = await serve('--plugins', noisy, '--metrics', '0');
    const { metrics_port } = await logged('the plugin server listens');
    const ready = await fetch(`http://127.0.0.1:${metrics_port}/readyz`);
    const metrics = await fetch(`http://127.0.0.1:${metrics_port}/metrics`);
    expect([ready.status, metrics.status]).toEqual([200, 200]);
    expect(await metrics.text()).toContain('cloud_run_auth_cache_requests_total');
    expect(existsSync(socket)).toBe(true);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
    expect(await printed).toBe('');
  });

  it('does not start with a plugin that does not load', async () => {
    const faulty = pluginFolder('faulty', { 'a.js': 'throw new Error("no luck")', 'b.js': PLUGIN });
    const { code, stdout, stderr } = await run('serve', '--socket', socket, '--plugins', faulty);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`cloud-run-auth: ${faulty}/a.js: does not load: Error: no luck\n`);
    expect(existsSync(socket)).toBe(false);
  });

  it('warns of metrics beyond loopback and of a socket that anybody may use', async () => {
    // An address of RFC 5737, which no machine has: it ends where it would listen.
    const { code, stderr } = await run(
      ...['serve', '--socket', socket, '--metrics', '192.0.2.1:9100', '--socket-mode', '666'],
    );
    expect(code).toBe(1);
    expect(stderr).toContain('metrics are served beyond loopback');
    expect(stderr).toContain('every user of this machine may run plugins');
  });

  it('leaves the socket of another server alone', async () => {
    const other = createServer().listen(socket);
    await once(other, 'listening');
    const { code, stderr } = await run('serve', '--socket', socket);
    expect(code).toBe(1);
    expect(stderr).toContain('another server listens there');
    other.close();
    await once(other, 'close');
  });
});

describe('the command line', () => {
  it('is 2 for what it does not understand, with nothing on standard output', async () => {
    for (const args of [
      [],
      ['serv'],
      ['serve'],
      ['describe-plugin'],
      ['serve', '--workers', 'x'],
    ]) {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' });
      expect(stderr).not.toBe('');
    }
  });

  it('is 0 for --version and --help, which does not show what only the server itself starts', async () => {
    expect(await run('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('describe-plugin');
    expect(stdout).not.toMatch(/\bworker\b|report-plugins/);
  });

  it('refuses to be a worker of nobody', async () => {
    const { code, stderr } = await run('worker');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'cloud-run-auth: `worker` is started by `serve` alone\n',
    });
  });
});
