export interface ServerOptions {
  /** Path of the Unix socket that Kong connects to. */
  socket: string;
  pluginsDirectory: string;
  /** Processes that run plugins. */
  workers: number;
  /** How long a plugin may take for one phase of a request. */
  eventTimeoutMs: number;
  /** Longest frame that is taken from Kong. */
  maxFrameBytes: number;
  /** The socket's permission bits, as in chmod(2). */
  socketMode: number;
  /** How long running events may take to end when the server stops. */
  drainTimeoutMs: number;
  /** A kong.yml for whose routes plugins prepare at the start. */
  warm?: string;
  /** Where metrics and health are served; nowhere if left out. */
  metrics?: { host: string; port: number };
}
