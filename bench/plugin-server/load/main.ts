import { type Extent, keepBusy, type Pace } from '../measure/keep-busy.ts';
import { serveJobs } from '../process/serve-jobs.ts';
import { HttpConnection } from './http-connection.ts';

export interface LoadJob {
  port: number;
  /** A whole HTTP/1.1 request. */
  request: string;
  connections: number;
  extent: Extent;
}

export type LoadResult = Pace;

serveJobs<LoadJob, LoadResult>(async ({ port, request, connections, extent }) => {
  const all = Array.from({ length: connections }, () => new HttpConnection(port));
  try {
    return await keepBusy(
      all.map((connection) => () => connection.send(request)),
      extent,
    );
  } finally {
    for (const connection of all) connection.close();
  }
});
