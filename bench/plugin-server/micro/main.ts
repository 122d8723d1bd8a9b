import { type Extent, keepBusy, type Pace } from '../measure/keep-busy.ts';
import { serveJobs } from '../process/serve-jobs.ts';
import type { KongRequest } from './answer-call.ts';
import { KongConnection } from './kong-connection.ts';

export interface MicroJob {
  socket: string;
  /** In the order in which Kong runs them. */
  plugins: { name: string; config: string }[];
  request: KongRequest;
  connections: number;
  extent: Extent;
}

export interface MicroResult extends Pace {
  events: number;
  pdkCalls: number;
  /** Reads in which the client got what the plugin server wrote. */
  reads: number;
}

serveJobs<MicroJob, MicroResult>(async ({ socket, plugins, request, connections, extent }) => {
  const all = Array.from({ length: connections }, () => new KongConnection(socket));
  let events = 0;
  try {
    const starter = new KongConnection(socket);
    const ids: number[] = [];
    for (const { name, config } of plugins) ids.push(await starter.startInstance(name, config));
    starter.close();
    const pace = await keepBusy(
      all.map((connection) => () => runChain(connection, ids)),
      extent,
    );
    const total = (count: 'pdkCalls' | 'reads') =>
      all.reduce((sum, connection) => sum + connection[count], 0);
    return { ...pace, events, pdkCalls: total('pdkCalls'), reads: total('reads') };
  } finally {
    for (const connection of all) connection.close();
  }

  async function runChain(connection: KongConnection, ids: number[]) {
    const shared = new Map<string, Uint8Array>();
    for (const id of ids) {
      events += 1;
      const outcome = await connection.handleEvent(id, request, shared);
      if (outcome === 'refused') return outcome;
    }
    return 'continued';
  }
});
