import type { TlsConnection } from '../http/tls-connection.ts';
import { LuaError } from '../lua/lua-error.ts';

const VARIABLES: Record<string, (tls: TlsConnection) => string | undefined> = {
  ssl_protocol: ({ protocol }) => protocol,
  ssl_cipher: ({ cipher }) => cipher,
  ssl_server_name: ({ serverName }) => serverName,
  ssl_session_reused: ({ isReused }) => (isReused ? 'r' : '.'),
  ssl_client_verify: ({ clientVerify }) => clientVerify,
  ssl_client_raw_cert: ({ clientCertificate }) => clientCertificate?.toString(),
  // Of what nginx escapes, this leaves !'()* as they are, which no PEM has.
  ssl_client_escaped_cert: ({ clientCertificate }) =>
    clientCertificate && encodeURIComponent(clientCertificate.toString()),
  ssl_client_serial: ({ clientCertificate }) => clientCertificate?.serialNumber,
  ssl_client_fingerprint: ({ clientCertificate }) =>
    clientCertificate?.fingerprint.replaceAll(':', '').toLowerCase(),
};

/** What nginx has and this gateway has not: better an error than a wrong answer. */
const MISSING =
  /^ssl_(?:alpn_protocol|ciphers|curves?|early_data|session_id|client_(?:cert|[is]_dn(?:_legacy)?|v_(?:start|end|remain)))$/;

/**
 * A variable of ngx_http_ssl_module; nil on a connection without TLS, and for an unknown name.
 *
 * @throws LuaError for one that is missing here
 * @see https://nginx.org/en/docs/http/ngx_http_ssl_module.html#variables
 */
export function tlsVariable(tls: TlsConnection | undefined, name: string): string | undefined {
  if (tls === undefined) return undefined;
  if (MISSING.test(name)) {
    throw new LuaError(`$${name} is not implemented by the development gateway`);
  }
  return Object.hasOwn(VARIABLES, name) ? VARIABLES[name]?.(tls) : undefined;
}
