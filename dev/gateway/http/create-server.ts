import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { answerBadRequest } from './bad-request.ts';

/** PEM each. */
export interface ServerTls {
  key: string;
  cert: string;
  /** Who vouches for clients, if anybody: `$ssl_client_verify` tells. Others get in all the same. */
  clientCa?: string | undefined;
}

/** An HTTP server that leaves to nginx's rules what Node has rules of its own for. */
export function createServer(handle: RequestListener, tls?: ServerTls): Server {
  const options = {
    // nginx's own limits are applied to what Node lets through.
    maxHeaderSize: 1 << 20,
    requireHostHeader: false,
    insecureHTTPParser: false,
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
  };
  const server =
    tls === undefined
      ? createHttpServer(options, handle)
      : createHttpsServer({ ...options, ...tlsOptions(tls) }, handle);
  // Kong does not judge what a client expects; nginx says «100 Continue» when it reads the body.
  server.on('checkExpectation', handle);
  server.maxHeadersCount = 0;
  server.on('connect', (_message, socket) => answerBadRequest(socket, undefined, undefined));
  server.on('clientError', (error: Error & { code?: string; rawPacket?: Buffer }, socket) => {
    answerBadRequest(socket, error.code, error.rawPacket);
  });
  return server;
}

/** nginx's `ssl_verify_client optional_no_ca`: a certificate is asked for, and looked at later. */
function tlsOptions({ key, cert, clientCa }: ServerTls) {
  const ca = clientCa === undefined ? [] : [clientCa];
  return { key, cert, ca, requestCert: true, rejectUnauthorized: false };
}
