/** The entry of a plugin server whose query command prints this plugin. */
export function pluginEntry(
  socket: string,
  {
    name = 'probe',
    priority = 10,
    phases = ['access', 'log'],
    fields = [],
  }: { name?: string; priority?: number; phases?: string[]; fields?: unknown[] } = {},
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
  return { name, socket, queryCmd: `printf '%s' '${JSON.stringify(info)}'` };
}
