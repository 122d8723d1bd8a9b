import type { MetricObjects } from './metrics.ts';

/** An instance as processes tell each other of it. */
export interface InstanceRecord {
  id: number;
  plugin: string;
  /** Canonical JSON. */
  config: string;
}

/** What a worker tells the primary process. */
export type WorkerMessage =
  /** Its plugins are loaded; it may be told of instances and be given connections. */
  | { type: 'loaded'; plugins: string[] }
  /** They are not, and will not be at a second attempt. */
  | { type: 'not_loaded'; problem: string }
  | { type: 'start_instance'; request: number; plugin: string; config: string }
  | { type: 'close_instance'; id: number }
  | { type: 'instance_known'; id: number }
  | { type: 'metrics'; request: number; metrics: MetricObjects }
  | { type: 'alive' };

/** What the primary process tells a worker. */
export type PrimaryMessage =
  | { type: 'options'; options: WorkerOptions }
  | ({ type: 'instance' } & InstanceRecord)
  | { type: 'instance_started'; request: number; id: number }
  | { type: 'instance_closed'; id: number }
  /** Comes with the connection's handle. */
  | { type: 'connection' }
  | { type: 'metrics'; request: number }
  | { type: 'are_you_alive' }
  | { type: 'drain' };

export interface WorkerOptions {
  pluginsDirectory: string;
  eventTimeoutMs: number;
  maxFrameBytes: number;
  drainTimeoutMs: number;
  /** Whether anybody will ask for metrics; otherwise none are kept. */
  hasMetrics: boolean;
}
