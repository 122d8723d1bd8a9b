export type PluginServerKind = 'ours' | 'stock';

/** A plugin server that runs as a process of its own. */
export interface PluginServer {
  socket: string;
  /** Of the process that owns the socket. */
  readonly pid: number | undefined;
  /** Of the processes that run plugins for it; empty where it runs them itself. */
  workerPids(): readonly number[];
  /** What it has written so far, line by line: in a real Kong this is in the error log. The last 20,000 lines. */
  lines(): readonly string[];
  running(): boolean;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /**
   * Ends one of its workers as a crash would.
   *
   * @throws Error where it has none
   */
  killWorker(): Promise<void>;
  /** Starts it again on the same socket. */
  restart(): Promise<void>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
}
