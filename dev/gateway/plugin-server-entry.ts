/** A plugin server as in Kong's `pluginserver_<name>_socket` and `pluginserver_<name>_query_cmd`. */
export interface PluginServerEntry {
  name: string;
  socket: string;
  queryCmd: string;
}
