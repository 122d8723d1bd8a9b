import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { nginxVariable } from './nginx-variable.ts';
import { needsRequest, type PdkFunction } from './pdk.ts';

/** kong.nginx and kong.node. */
export const nginxFunctions: Record<string, PdkFunction> = {
  'kong.nginx.get_var': (context, name) => {
    needsRequest(context);
    return typeof name === 'string' ? nginxVariable(context, name) : undefined;
  },
  'kong.nginx.get_ctx': ({ exchange }, key) => exchange.ngxContext.get(key),
  'kong.nginx.set_ctx': ({ exchange }, key, value) => {
    exchange.ngxContext.set(key, value);
    return undefined;
  },
  'kong.nginx.get_subsystem': () => 'http',
  'kong.nginx.get_tls1_version_str': ({ exchange }) => exchange.incoming.tls?.protocol,
  'kong.nginx.req_start_time': ({ exchange }) => exchange.incoming.startedAt / 1000,
  'kong.node.get_id': ({ gateway }) => gateway.nodeId,
  'kong.node.get_hostname': () => hostname(),
};

/** An id such as `kong.node.get_id()` gives. */
export function newNodeId(): string {
  return randomUUID();
}
