import { execFile } from 'node:child_process';
import type { PluginServerEntry } from './plugin-server-entry.ts';
import type { ConfigValue, Fields } from './schema/field.ts';
import { fromJson } from './schema/from-json.ts';
import { pluginSchemaProblems } from './schema/metaschema.ts';
import { readFields } from './schema/read-schema.ts';
import { suggestion } from './schema/suggest.ts';

export type Protocol = 'MsgPack:1' | 'ProtoBuf:1';

/** A plugin as its plugin server describes it. */
export interface PluginInfo {
  name: string;
  version: string;
  priority: number;
  phases: string[];
  /** The top-level fields of the plugin's schema, `config` among them. */
  fields: Fields;
  protocol: Protocol;
  socket: string;
}

const QUERY_TIMEOUT_MS = 30_000;
const PHASES = ['certificate', 'rewrite', 'access', 'response', 'preread', 'log'];

/**
 * Asks a plugin server for its plugin by running its query command, as Kong does at start: standard
 * output is JSON and nothing else, and of several plugins only the first counts.
 *
 * @throws Error that says what is wrong with the command or its output
 */
export async function queryPlugin(server: PluginServerEntry): Promise<PluginInfo> {
  const output = await run(server);
  const fault = (message: string) =>
    new Error(`plugin server '${server.name}': ${message}\n  query command: ${server.queryCmd}`);
  const dump = parse(output);
  if (dump === undefined) {
    const shown = output.length > 300 ? `${output.slice(0, 300)}…` : output;
    throw fault(
      `failed decoding plugin info: standard output must be JSON and nothing else, but is: ${JSON.stringify(shown)}`,
    );
  }
  const table = dump instanceof Map ? dump : undefined;
  const list = table?.get('Plugins') ?? dump;
  const info = Array.isArray(list) ? list[0] : undefined;
  if (!(info instanceof Map)) throw fault('the query command describes no plugin');
  const protocol = String(table?.get('Protocol') ?? 'MsgPack:1');
  if (protocol !== 'MsgPack:1' && protocol !== 'ProtoBuf:1') {
    throw fault(`unknown protocol implementation: ${protocol}`);
  }
  const name = info.get('Name');
  if (typeof name !== 'string' || name === '') throw fault('the plugin has no Name');
  const priority = info.get('Priority');
  if (typeof priority !== 'number' || !Number.isInteger(priority)) {
    throw fault(
      `Plugin "${name}" cannot be loaded because its PRIORITY field is not a valid integer number, got: "${String(priority ?? 'nil')}"`,
    );
  }
  const version = String(info.get('Version') ?? 'nil');
  if (!/^\d+(?:\.\d+){0,2}$/.test(version)) {
    throw fault(
      `Plugin "${name}" cannot be loaded because its VERSION field does not follow the "x.y.z" format, got: "${version}"`,
    );
  }
  return {
    name,
    version,
    priority,
    phases: phasesOf(info.get('Phases') ?? null, (message) =>
      fault(`plugin '${name}': ${message}`),
    ),
    fields: schemaOf(info.get('Schema') ?? null, (message) =>
      fault(`plugin '${name}': ${message}`),
    ),
    protocol,
    socket: server.socket,
  };
}

function run(server: PluginServerEntry): Promise<string> {
  return new Promise((resolve) => {
    // Kong takes what the command printed, whatever its exit code (io.popen); its stderr is Kong's.
    const child = execFile(
      '/bin/sh',
      ['-c', server.queryCmd],
      { timeout: QUERY_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 64 << 20 },
      (_error, stdout) => resolve(stdout),
    );
    child.stderr?.pipe(process.stderr, { end: false });
    child.stdin?.end();
  });
}

function parse(output: string): ConfigValue | undefined {
  try {
    const parsed: unknown = JSON.parse(output);
    return typeof parsed === 'object' && parsed !== null ? fromJson(parsed) : undefined;
  } catch {
    return undefined;
  }
}

function phasesOf(value: ConfigValue, fault: (message: string) => Error): string[] {
  if (!Array.isArray(value)) throw fault('Phases must be a list');
  return value.map((phase) => {
    const name = String(phase);
    if (!PHASES.includes(name)) throw fault(`unknown phase '${name}'${suggestion(name, PHASES)}`);
    return name;
  });
}

function schemaOf(value: ConfigValue, fault: (message: string) => Error): Fields {
  const problems = pluginSchemaProblems(value);
  if (problems.length > 0 || !(value instanceof Map)) {
    const lines = problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw fault(`its schema is not valid: schema violation (${lines.join('; ')})`);
  }
  const list = value.get('fields');
  const fields = readFields(Array.isArray(list) ? list : []);
  for (const field of fields.values()) requireRecords(field);
  return fields;
}

/** Kong makes a record required unless it says otherwise, but not below arrays and maps. */
function requireRecords(field: import('./schema/field.ts').FieldSchema): void {
  if (field.type !== 'record') return;
  field.required ??= true;
  for (const nested of field.fields?.values() ?? []) requireRecords(nested);
}
