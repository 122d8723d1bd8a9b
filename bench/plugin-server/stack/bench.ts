import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import type { PluginServerKind } from '../../../dev/stack/plugin-server.ts';
import type { LoadJob, LoadResult } from '../load/main.ts';
import type { GatewayKind, Options, Workload } from '../options.ts';
import { Cleanup } from '../process/cleanup.ts';
import type { Worker } from '../process/start-worker.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { type PluginServer, startPluginServer } from './start-plugin-server.ts';
import { PATH, type Surroundings } from './start-surroundings.ts';

/** What is there from the first to the last measurement. */
export interface Bench {
  options: Options;
  surroundings: Surroundings;
  load: Worker<LoadJob, LoadResult>;
  /** What was built, copied so that a build meanwhile changes nothing. */
  dist: string;
  /** For sockets and logs. */
  directory: string;
  cleanup: Cleanup;
  onProgress(what: string): void;
}

/** A plugin server behind a gateway. */
export interface Subject {
  gateway: Gateway;
  pluginServer: PluginServer;
  stop(): Promise<void>;
}

/** What the plugin server is started with beyond what it needs. */
export interface Probe {
  /** Arguments of `node`. */
  nodeArgs: string[];
  env: NodeJS.ProcessEnv;
}

export async function startSubject(
  { options, surroundings, dist, cleanup, ...bench }: Bench,
  gatewayKind: GatewayKind,
  kind: PluginServerKind,
  probe: Probe = { nodeArgs: [], env: {} },
): Promise<Subject> {
  const parts = await cleanup.add(new Cleanup());
  const directory = await mkdtemp(path.join(bench.directory, `${gatewayKind}-${kind}-`));
  const pluginServer = await parts.add(
    startPluginServer(kind, {
      dist,
      workers: options.workers,
      env: { ...surroundings.env, ...probe.env },
      nodeArgs: probe.nodeArgs,
      directory,
    }),
  );
  const gateway = await parts.add(
    startGateway({
      config: surroundings.config,
      port: surroundings.ports.gateway,
      entries: pluginServer.entries,
      directory,
      kongBin: gatewayKind === 'kong' ? options.kongBin : undefined,
    }),
  );
  return { gateway, pluginServer, stop: () => parts.stop() };
}

/** What must come of a request, and the request as it goes on the wire. */
export async function requestFor(
  { surroundings }: Bench,
  workload: Workload,
): Promise<{ request: string; status: number }> {
  const lines = [`GET ${PATH} HTTP/1.1`, `Host: 127.0.0.1:${surroundings.ports.gateway}`];
  if (workload === 'refusal') return { request: `${lines.join('\r\n')}\r\n\r\n`, status: 401 };
  lines.push(`Authorization: Bearer ${await surroundings.accessToken()}`);
  return { request: `${lines.join('\r\n')}\r\n\r\n`, status: 200 };
}
