/** What goes in and what comes out of a PDK function: names of messages. */
export interface Method {
  input: string;
  output: string;
}

/** Kong's `service Kong`: groups of functions by what they take and give. */
const SERVICE: [input: string, output: string, methods: string][] = [
  [
    'Empty',
    'String',
    `client.get_ip client.get_forwarded_ip log.serialize nginx.get_tls1_version_str
    nginx.get_subsystem node.get_id request.get_scheme request.get_host request.get_forwarded_scheme
    request.get_forwarded_host request.get_method request.get_path request.get_path_with_query
    request.get_raw_query response.get_source`,
  ],
  [
    'Empty',
    'Int',
    `client.get_port client.get_forwarded_port request.get_port request.get_forwarded_port
    response.get_status service.response.get_status`,
  ],
  ['Empty', 'Number', 'nginx.req_start_time request.get_http_version'],
  ['Empty', 'ByteString', 'service.response.get_raw_body'],
  ['Empty', 'RawBodyResult', 'request.get_raw_body'],
  ['Empty', 'UriCapturesResult', 'request.get_uri_captures'],
  ['Empty', 'AuthenticatedCredential', 'client.get_credential'],
  ['Empty', 'Consumer', 'client.get_consumer'],
  ['Empty', 'Route', 'router.get_route'],
  ['Empty', 'Service', 'router.get_service'],
  ['Empty', 'MemoryStats', 'node.get_memory_stats'],
  ['ConsumerSpec', 'Consumer', 'client.load_consumer'],
  ['AuthenticateArgs', 'Empty', 'client.authenticate'],
  ['Bool', 'String', 'client.get_protocol'],
  ['String', 'Bool', 'ip.is_trusted'],
  ['String', 'Value', 'ctx.shared.get nginx.get_ctx'],
  [
    'String',
    'String',
    `nginx.get_var request.get_query_arg request.get_header response.get_header
    service.response.get_header`,
  ],
  [
    'String',
    'Empty',
    `response.clear_header service.set_upstream service.request.set_scheme service.request.set_path
    service.request.set_raw_query service.request.set_method service.request.clear_header`,
  ],
  ['KV', 'String', 'nginx.set_ctx'],
  [
    'KV',
    'Empty',
    `ctx.shared.set log.set_serialize_value response.set_header response.add_header
    service.request.set_header service.request.add_header`,
  ],
  ['ListValue', 'Empty', 'log.alert log.crit log.err log.warn log.notice log.info log.debug'],
  [
    'Int',
    'Struct',
    'request.get_query request.get_headers response.get_headers service.response.get_headers',
  ],
  ['Int', 'Empty', 'response.set_status'],
  ['Struct', 'Empty', 'response.set_headers service.request.set_query service.request.set_headers'],
  ['ExitArgs', 'Empty', 'response.exit'],
  ['Target', 'Empty', 'service.set_target'],
  ['ByteString', 'Empty', 'service.request.set_raw_body'],
];

/**
 * The PDK functions that ProtoBuf:1 carries, by their full names (`kong.request.get_method`).
 *
 * @see https://github.com/Kong/kong/blob/3.9.3/kong/include/kong/pluginsocket.proto
 */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  SERVICE.flatMap(([input, output, methods]) =>
    methods.split(/\s+/).map((method): [string, Method] => [`kong.${method}`, { input, output }]),
  ),
);
