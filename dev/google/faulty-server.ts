import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Call, type Reply, readCall } from './call.ts';
import { htmlError } from './errors.ts';
import { createFaults, type FaultRule } from './faults.ts';
import { close, listen } from './listen.ts';

export interface FaultyServerOptions<E extends string> {
  /** what its log lines begin with */
  name: string;
  endpoints: readonly E[];
  endpointOf(call: Call): E;
  answer(endpoint: E, call: Call): Reply | Promise<Reply>;
  /** what is sent for a fault that has no body of its own, and with 500 for a mistake in the stand-in */
  errorReply(status: number, endpoint: E | undefined): Reply;
}

export interface FaultyServer<E extends string> {
  /** @returns the port in use @throws the `listen` error, for example EADDRINUSE */
  listen(host: string, port: number): Promise<number>;
  /** requests so far, by endpoint, failed ones too */
  calls(): Record<E, number>;
  fail(rule: FaultRule<E>): void;
  recover(): void;
  goDown(): Promise<void>;
  comeUp(): Promise<void>;
  stop(): Promise<void>;
}

/** An HTTP server that counts its requests and can be slow, wrong or away on command. */
export function createFaultyServer<E extends string>(
  options: FaultyServerOptions<E>,
): FaultyServer<E> {
  const faults = createFaults<E>();
  const stopping = new AbortController();
  const counts = new Map<E, number>();
  let address: { host: string; port: number } | undefined;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    if (call === undefined) return send(response, htmlError(413, 'The request is too large.'));
    const endpoint = options.endpointOf(call);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    const fault = faults.take(endpoint);
    if (fault?.delay_ms !== undefined) {
      await delay(fault.delay_ms, undefined, { signal: stopping.signal });
    }
    if (fault?.reset === true) {
      request.socket.resetAndDestroy();
      return;
    }
    const reply = (fault && injected(fault, endpoint)) ?? (await options.answer(endpoint, call));
    if (fault?.stall === true) stall(response, reply);
    else send(response, reply);
  }

  function injected(fault: FaultRule<E>, endpoint: E): Reply | undefined {
    if (fault.status === undefined && fault.body === undefined) return undefined;
    const status = fault.status ?? 200;
    const standard = options.errorReply(status, endpoint);
    return {
      status,
      headers: { ...lowerCaseNames(standard.headers), ...lowerCaseNames(fault.headers) },
      body: fault.body ?? standard.body,
    };
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (stopping.signal.aborted || request.destroyed) {
        response.destroy();
        return;
      }
      console.error(`${options.name}:`, error instanceof Error ? error.message : 'failed');
      send(response, options.errorReply(500, undefined));
    });
  });

  return {
    listen: async (host, port) => {
      address = { host, port: await listen(server, host, port) };
      return address.port;
    },
    calls: () =>
      Object.fromEntries(options.endpoints.map((name) => [name, counts.get(name) ?? 0])) as Record<
        E,
        number
      >,
    fail: (rule) => faults.add(rule),
    recover: () => faults.clear(),
    goDown: () => close(server),
    comeUp: async () => {
      if (address !== undefined) await listen(server, address.host, address.port);
    },
    stop: async () => {
      stopping.abort();
      await close(server);
    },
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  writeHead(response, reply);
  response.end(reply.body);
}

function lowerCaseNames(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

/** The connection then stays open until the client has had enough, or `stop()`. */
function stall(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  writeHead(response, reply);
  response.write(reply.body.slice(0, reply.body.length / 2));
}

function writeHead(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    'content-type': 'text/plain; charset=UTF-8',
    ...reply.headers,
    'content-length': Buffer.byteLength(reply.body),
  });
}
