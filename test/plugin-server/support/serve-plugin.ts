import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Connection,
  type ConnectionHost,
  type EndedEvent,
} from '../../../src/plugin-server/connection.ts';
import type { PluginInstance } from '../../../src/plugin-server/plugin-instance.ts';
import { KongSide } from './kong-side.ts';

// biome-ignore lint/suspicious/noExplicitAny: a plugin written against kong-pdk is not typed
export type Kong = any;

/** Serves instance 7, whose phases are the methods given, in this process. */
export async function servePlugin(
  object: Record<string, (kong: Kong) => unknown>,
  options: Partial<ConnectionHost> = {},
) {
  const directory = mkdtempSync(path.join(tmpdir(), 'plugin-server-'));
  const socket = path.join(directory, 'kong.sock');
  const events: EndedEvent[] = [];
  const failures: unknown[] = [];
  const lost: string[] = [];
  const instance: PluginInstance = { plugin: 'tester', config: { a: 1 }, startedAt: 5, object };
  const host: ConnectionHost = {
    eventTimeoutMs: 5_000,
    maxFrameBytes: 1 << 20,
    describePlugins: () => [{ name: 'tester', info: { name: 'tester', priority: 3 } }],
    startInstance: async () => 7,
    findInstance: (id) => (id === 7 ? instance : undefined),
    closeInstance: () => {},
    alertDue: () => false,
    onFailure: (_, __, error) => failures.push(error),
    onEventEnd: (event) => events.push(event),
    onIdle: () => {},
    onConnectionLost: (reason) => lost.push(reason),
    ...options,
  };
  const server = createServer((peer) => new Connection(peer, host));
  server.listen(socket);
  await once(server, 'listening');
  const clients: KongSide[] = [];
  return {
    events,
    failures,
    lost,
    async connect() {
      const client = await KongSide.connect(socket);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.close();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true });
    },
  };
}
