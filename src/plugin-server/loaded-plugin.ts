/** A plugin as its file exports it. */
export interface LoadedPlugin {
  /** What Kong knows it by, in lower case. */
  name: string;
  version: string;
  priority: number;
  /** The phases of a request that it has a method for. */
  phases: string[];
  /** The fields of its config, in the form of a Kong schema. */
  schema: object[];
  Plugin: new (config: unknown) => Record<string, unknown>;
  file: string;
}
