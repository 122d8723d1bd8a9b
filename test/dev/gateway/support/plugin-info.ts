import type { Protocol } from '../../../../dev/gateway/plugin-info.ts';

/** The entry of a plugin server whose query command prints this plugin. */
export function pluginEntry(
  socket: string,
  {
    name = 'probe',
    priority = 10,
    phases = ['access', 'log'],
    fields = [],
    protocol = 'MsgPack:1',
  }: {
    name?: string;
    priority?: number;
    phases?: string[];
    fields?: unknown[];
    protocol?: Protocol;
  } = {},
) {
  const info = [
    {
      Name: name,
      Version: '1.0.0',
      Priority: priority,
      Phases: phases,
      Schema: { name, fields: [{ config: { type: 'record', fields } }] },
    },
  ];
  const output = protocol === 'MsgPack:1' ? info : { Protocol: protocol, Plugins: info };
  return { name, socket, queryCmd: `printf '%s' '${JSON.stringify(output)}'` };
}
