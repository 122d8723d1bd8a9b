import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Gateway, startGateway } from '../../dev/gateway/start-gateway.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import type { PluginServer } from '../../dev/stack/plugin-server.ts';
import { findPorts } from '../../dev/stack/ports.ts';
import { shellQuote } from '../../dev/stack/shell-quote.ts';
import { startKong } from '../../dev/stack/start-kong.ts';
import { startOurPluginServer } from '../../dev/stack/start-our-plugin-server.ts';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { FOREIGN_PLUGIN } from './foreign-plugin.ts';
import { describeOnHosts } from './gateways.ts';
import { type OpenUpstream, startOpenUpstream } from './open-upstream.ts';

const PROGRAM = path.join(REPOSITORY, 'dist/cloud-run-auth.cjs');
const EVENT_TIMEOUT_MS = 500;
const MODES = ['works', 'throws', 'rejects', 'hangs', 'exits', 'timer', 'unhandled'] as const;

function kongYml(url: string): string {
  const routes = MODES.map((mode) => ({
    name: mode,
    paths: [`/${mode}`],
    plugins: [{ name: 'foreign', config: { mode } }],
  }));
  return stringify({ _format_version: '3.0', services: [{ name: 'upstream', url, routes }] });
}

describeOnHosts(
  "somebody else's plugin",
  ({ kongBin }) => {
    let directory: string;
    let upstream: OpenUpstream;
    let pluginServer: PluginServer;
    let gateway: Gateway;
    let gatewayLog: () => Promise<string>;

    beforeAll(async () => {
      directory = mkdtempSync(path.join(tmpdir(), 'foreign plugin-'));
      const pluginsDirectory = path.join(directory, 'plugins');
      mkdirSync(pluginsDirectory);
      writeFileSync(path.join(pluginsDirectory, 'foreign.js'), FOREIGN_PLUGIN);
      upstream = await startOpenUpstream();
      const socket = path.join(directory, 'plugins.sock');
      pluginServer = await startOurPluginServer({
        program: PROGRAM,
        socket,
        pluginsDirectory,
        workers: 1,
        eventTimeoutMs: EVENT_TIMEOUT_MS,
        workingDirectory: directory,
        env: process.env,
      });
      const words = [process.execPath, PROGRAM, 'describe-plugin', 'foreign'];
      const queryCmd = [...words, '--plugins', pluginsDirectory].map(shellQuote).join(' ');
      const lines: string[] = [];
      const options = {
        config: kongYml(upstream.url),
        port: (await findPorts(false)).gateway,
        pluginServers: [{ name: 'foreign', socket, queryCmd }],
        log: (line: string) => lines.push(line),
      };
      if (kongBin) {
        const kong = await startKong(kongBin, options);
        gatewayLog = kong.errorLog;
        gateway = kong;
      } else {
        gatewayLog = async () => lines.join('\n');
        gateway = await startGateway(options);
      }
    });
    afterAll(async () => {
      await gateway?.stop();
      await pluginServer?.stop();
      await upstream?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    async function ask(mode: (typeof MODES)[number], headers: Record<string, string> = {}) {
      const before = upstream.arrivals().length;
      const answer = await send(gateway.url, { path: `/${mode}`, headers });
      return { ...answer, reached: upstream.arrivals().length - before };
    }

    it('reads the request, writes to the response, and logs in both of its phases', async () => {
      const answer = await ask('works', { 'X-Who': 'world' });
      expect(answer).toMatchObject({ status: 200, reached: 1 });
      expect(answer.headers['x-greeting']).toBe('hello world');
      await eventually('the log phase to end', async () =>
        (await gatewayLog()).includes('foreign saw works: 200') ? true : undefined,
      );
      expect(await gatewayLog()).toContain('foreign greets world');
    });

    it.each(['throws', 'rejects'] as const)('that %s is answered with 500', async (mode) => {
      expect(await ask(mode)).toMatchObject({ status: 500, code: 'internal_error', reached: 0 });
      expect(pluginServer.lines().join('\n')).toContain('"plugin":"foreign"');
    });

    it('that never settles is answered with 500 when its time is up', async () => {
      const began = performance.now();
      expect(await ask('hangs')).toMatchObject({ status: 500, code: 'internal_error', reached: 0 });
      const took = performance.now() - began;
      expect(took).toBeGreaterThanOrEqual(EVENT_TIMEOUT_MS - 50);
      expect(took).toBeLessThan(EVENT_TIMEOUT_MS + 4_000);
    });

    it('that answers and goes on is heard up to its answer', async () => {
      const answer = await ask('exits');
      expect(answer).toMatchObject({ status: 418, body: 'short and stout', reached: 0 });
      expect(answer.headers).toMatchObject({ 'x-pot': 'tea' });
      expect(answer.headers['x-never']).toBeUndefined();
    });

    it.each([
      ['throws in a timer', 'timer', 'threw outside of an event'],
      ['leaves a rejection unhandled', 'unhandled', 'left a rejected promise unhandled'],
    ] as const)('that %s harms no request and ends no process', async (_, mode, words) => {
      const { pid } = pluginServer;
      const workers = [...pluginServer.workerPids()];
      expect(await ask(mode)).toMatchObject({ status: 200, reached: 1 });
      await eventually('the log line', () =>
        pluginServer.lines().some((line) => line.includes(words)) ? true : undefined,
      );
      expect(await ask('works')).toMatchObject({ status: 200, reached: 1 });
      expect(pluginServer.running()).toBe(true);
      expect(pluginServer.pid).toBe(pid);
      expect(pluginServer.workerPids()).toEqual(workers);
    });
  },
  ['ours'],
);
