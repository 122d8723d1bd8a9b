/** A plugin's object for one configuration: its methods are named for the phases of a request. */
export interface PluginInstance {
  plugin: string;
  /** As Kong sent it. */
  config: unknown;
  /** Unix time in seconds. */
  startedAt: number;
  object: Record<string, unknown>;
}
