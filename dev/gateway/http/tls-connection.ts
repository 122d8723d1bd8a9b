import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What nginx's `$ssl_…` variables tell of a connection. */
export interface TlsConnection {
  /** `$ssl_protocol`, such as `TLSv1.3` */
  protocol: string;
  cipher: string;
  /** The name that the client asked for (SNI); undefined without one. */
  serverName: string | undefined;
  isReused: boolean;
  /** What the client authenticated with. Nothing is said of who vouches for it. */
  clientCertificate: X509Certificate | undefined;
  /** `$ssl_client_verify` */
  clientVerify: string;
  /** nginx's `optional_no_ca` lets a certificate of unknown origin in, but none with other faults. */
  isRefused: boolean;
}

/** The faults that `optional_no_ca` forgives, by Node's names, in OpenSSL's words. */
const FORGIVEN = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  ['CERT_UNTRUSTED', 'certificate not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'],
]);

/** @returns undefined for a connection without TLS */
export function tlsConnection(socket: Socket): TlsConnection | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const clientCertificate = socket.getPeerX509Certificate();
  const { verify, isRefused } = verification(socket, clientCertificate);
  return {
    protocol: socket.getProtocol() ?? '',
    // Null once the client has gone, whatever the types say.
    cipher: socket.getCipher()?.name ?? '',
    serverName: socket.servername || undefined,
    isReused: socket.isSessionReused(),
    clientCertificate,
    clientVerify: verify,
    isRefused,
  };
}

function verification(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
): { verify: string; isRefused: boolean } {
  if (certificate === undefined) return { verify: 'NONE', isRefused: false };
  if (socket.authorized) return { verify: 'SUCCESS', isRefused: false };
  // Declared as an error, and in truth the name of one.
  const fault = String(socket.authorizationError);
  const words = FORGIVEN.get(fault);
  return { verify: `FAILED:${words ?? fault}`, isRefused: words === undefined };
}
