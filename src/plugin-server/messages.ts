import type { ChannelEntry } from '../core/shared-state/check-entry.ts';
import type { MetricObjects } from './metrics.ts';

/** An instance as processes tell each other of it. */
export interface InstanceRecord {
  id: number;
  plugin: string;
  /** JSON, as Kong sent it. */
  config: string;
}

/**
 * Kong never closes the instances of an nginx worker that has ended. Beyond this many, those that nobody has used for
 * longest are dropped; where Kong names one after all, it starts it again.
 */
export const MOST_INSTANCES = 50_000;

/** A one-time value to be taken. */
export interface Claim {
  key: string;
  ttl_ms: number;
}

/** What a worker tells the primary process. */
export type WorkerMessage =
  /** Its plugins are loaded; it may be told of instances and be given connections. */
  | { type: 'loaded' }
  /** They are not, and will not be at a second attempt. */
  | { type: 'not_loaded'; problem: string }
  | { type: 'start_instance'; request: number; plugin: string; config: string }
  | { type: 'close_instance'; id: number }
  | { type: 'instance_known'; id: number }
  /** It knows all instances and entries of before it was loaded. */
  | { type: 'caught_up' }
  | { type: 'claim'; request: number; claims: Claim[] }
  | ({ type: 'publish'; request: number } & ChannelEntry)
  | { type: 'entries_known'; announcement: number }
  | { type: 'metrics'; request: number; metrics: MetricObjects }
  | { type: 'alive' };

/** What the primary process tells a worker. */
export type PrimaryMessage =
  /** The secret is the one that all workers share, in base64. */
  | { type: 'options'; options: WorkerOptions; secret: string }
  /** The request is that of the worker which asked for it. */
  | ({ type: 'instance'; request?: number } & InstanceRecord)
  /** Comes after the instances and entries that there were. */
  | { type: 'catch_up' }
  /** For each claim whether it was the first; null where that cannot be known. */
  | { type: 'claimed'; request: number; outcomes: (boolean | null)[] }
  /** By then every worker knows the entry, or it was not taken. */
  | { type: 'published'; request: number; isKnown: boolean }
  /** With a number, others wait until it is known. */
  | { type: 'entries'; announcement?: number; entries: ChannelEntry[] }
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
  warm: string | undefined;
}
