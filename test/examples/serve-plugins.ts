import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PluginServerEntry } from '../../dev/gateway/plugin-server-entry.ts';
import { shellQuote } from '../../dev/stack/shell-quote.ts';
import * as cloudRunToken from '../../plugins/cloud-run-token.ts';
import * as oidcAuthorizer from '../../plugins/oidc-authorizer.ts';
import * as policyEvaluator from '../../plugins/policy-evaluator.ts';
import { Malfunction } from '../../src/core/malfunction.ts';
import { Connection } from '../../src/plugin-server/connection.ts';
import { protoBufDocument } from '../../src/plugin-server/plugin-info.ts';
import type { PluginInstance } from '../../src/plugin-server/plugin-instance.ts';
import { readPluginModule } from '../../src/plugin-server/read-plugin-module.ts';

export interface ServedPlugins {
  entries: PluginServerEntry[];
  stop(): Promise<void>;
}

/** Serves the three plugins in this process, as `cloud-run-auth serve` does in its workers; nothing has to be built. */
export async function servePlugins(): Promise<ServedPlugins> {
  const directory = mkdtempSync(path.join(tmpdir(), 'served-plugins-'));
  const socket = path.join(directory, 'kong.sock');
  const loaded = [oidcAuthorizer, policyEvaluator, cloudRunToken].map((module) =>
    readPluginModule(module, module.Name, module.Name),
  );
  const instances: PluginInstance[] = [];

  function startInstance(name: string, text: string): number {
    const plugin = loaded.find((candidate) => candidate.name === name);
    if (plugin === undefined) throw new Malfunction(`there is no plugin "${name}" here`);
    const config: unknown = JSON.parse(text);
    const object = new plugin.Plugin(config);
    return instances.push({ plugin: name, config, startedAt: 0, object });
  }

  const peers = new Set<Socket>();
  const server = createServer((peer) => {
    peers.add(peer);
    peer.on('close', () => peers.delete(peer));
    new Connection(peer, {
      eventTimeoutMs: 10_000,
      maxFrameBytes: 1 << 20,
      describePlugins: () => [],
      startInstance: async (name, text) => startInstance(name, text),
      findInstance: (id) => instances[id - 1],
      closeInstance: () => {},
      alertDue: () => false,
      onFailure: () => {},
      onEventEnd: () => {},
      onIdle: () => {},
      onConnectionLost: () => {},
    });
  });
  server.listen(socket);
  await once(server, 'listening');

  const entries = loaded.map((plugin) => {
    const file = path.join(directory, `${plugin.name}.json`);
    writeFileSync(file, JSON.stringify(protoBufDocument(plugin)));
    return { name: plugin.name, socket, queryCmd: `cat ${shellQuote(file)}` };
  });
  return {
    entries,
    async stop() {
      server.close();
      for (const peer of peers) peer.destroy();
      await once(server, 'close');
      rmSync(directory, { recursive: true });
    },
  };
}
