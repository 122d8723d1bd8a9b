import { LuaError } from '../lua/lua-error.ts';
import { field, isTable } from '../lua/value.ts';
import { failed, needsRequest, onlyIn, type PdkContext, type PdkFunction } from './pdk.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** kong.client */
export const clientFunctions: Record<string, PdkFunction> = {
  'kong.client.get_ip': (context) => {
    needsRequest(context);
    return context.exchange.incoming.client.ip;
  },
  'kong.client.get_forwarded_ip': (context) => {
    needsRequest(context);
    return context.exchange.incoming.remote.ip;
  },
  'kong.client.get_port': (context) => {
    needsRequest(context);
    return context.exchange.incoming.client.port;
  },
  'kong.client.get_forwarded_port': (context) => {
    needsRequest(context);
    return context.exchange.incoming.remote.port;
  },
  'kong.client.get_consumer': (context) => {
    onlyIn(context, 'access', 'log');
    return context.exchange.consumer;
  },
  'kong.client.get_credential': (context) => {
    onlyIn(context, 'access', 'log');
    return context.exchange.credential;
  },
  'kong.client.authenticate': (context, consumer, credential) => {
    onlyIn(context, 'access');
    if (consumer !== undefined && !isTable(consumer)) {
      throw new LuaError('consumer must be a table or nil');
    }
    if (credential !== undefined && !isTable(credential)) {
      throw new LuaError('credential must be a table or nil');
    }
    if (consumer === undefined && credential === undefined) {
      throw new LuaError('either credential or consumer must be provided');
    }
    context.exchange.consumer = consumer;
    context.exchange.credential = credential;
    return undefined;
  },
  'kong.client.load_consumer': (context, id, byUsername) => {
    onlyIn(context, 'access', 'log');
    if (typeof id !== 'string') throw new LuaError('consumer_id must be a string');
    const isTruthy = byUsername !== undefined && byUsername !== false;
    if (!UUID.test(id) && !isTruthy) {
      throw new LuaError('cannot load a consumer with an id that is not a uuid');
    }
    const { consumers } = context.gateway;
    const byId = consumers.find((consumer) => field(consumer, 'id') === id);
    if (byId !== undefined || !isTruthy) return byId;
    return consumers.find((consumer) => field(consumer, 'username') === id);
  },
  'kong.client.get_protocol': (context, allowTerminated) => {
    onlyIn(context, 'access', 'log');
    const { match } = context.exchange;
    if (match === undefined) return failed('No active route found');
    const { protocols } = match.route;
    if (protocols.length === 1) return protocols[0];
    needsRequest(context);
    return protocolOf(context, allowTerminated === true);
  },
  'kong.client.tls.get_full_client_certificate_chain': (context) => {
    needsRequest(context);
    // Without the certificates that the client may have sent besides its own.
    return context.exchange.incoming.tls?.clientCertificate?.toString();
  },
};

/** `kong.tools.http.check_https`: TLS here or, where that may have ended before, at a trusted peer. */
function protocolOf({ exchange, gateway }: PdkContext, allowTerminated: boolean) {
  const { scheme, client } = exchange.incoming;
  if (scheme === 'https' || !allowTerminated || !gateway.trustedIps.has(client.ip)) return scheme;
  const told = exchange.headers.variable('x_forwarded_proto');
  if (told?.includes(',')) return failed('Only one X-Forwarded-Proto header allowed');
  return told?.toLowerCase() === 'https' ? 'https' : 'http';
}
