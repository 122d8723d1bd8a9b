import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeJson } from '../lua/json.ts';
import { LuaError } from '../lua/lua-error.ts';
import { toRecord } from '../lua/to-js.ts';
import type { LuaValue } from '../lua/value.ts';
import { type ChosenPlugin, chooseConfig, type Plugins } from '../plugins.ts';
import type { Router } from '../router/router.ts';
import { acceptRequest, CERTIFICATE_ERROR } from './accept-request.ts';
import type { Exchange } from './exchange.ts';
import { forwardedOf } from './forwarded.ts';
import type { GatewayState } from './gateway-state.ts';
import { logEntry } from './log-entry.ts';
import { proxy, type UpstreamAgents } from './proxy.ts';
import { sendCertificateError, sendError, sendMessage, sendOwn } from './respond.ts';
import { runEvent } from './run-event.ts';
import { prepareUpstream } from './upstream-request.ts';

export interface Handling {
  gateway: GatewayState;
  router: Router;
  plugins: Plugins;
  agents: UpstreamAgents;
  accessLog: ((entry: Record<string, unknown>) => void) | undefined;
}

/** One request from its first byte to its log phase. */
export async function handleRequest(
  message: IncomingMessage,
  response: ServerResponse,
  handling: Handling,
): Promise<void> {
  const sentBefore = message.socket.bytesWritten;
  const { exchange, refusal } = acceptRequest(message, Date.now(), handling.gateway.trustedIps);
  let logging: ChosenPlugin[] | undefined;
  try {
    if (refusal === CERTIFICATE_ERROR) sendCertificateError(exchange, response);
    else if (refusal !== undefined) sendError(exchange, response, refusal);
    else logging = await serve(exchange, message, response, handling);
    await finished(response);
  } catch (error) {
    // A client that leaves while its body is read; nginx logs such a request as 499.
    if (!message.destroyed) throw error;
    exchange.status = 499;
    await finished(response);
  } finally {
    exchange.free();
  }
  exchange.endedAt = Date.now();
  exchange.responseBytes = message.socket.bytesWritten - sentBefore;
  await logPhase(exchange, logging ?? handling.plugins.global(), handling);
}

async function finished(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed) return;
  await Promise.race([once(response, 'finish'), once(response, 'close')]).catch(() => undefined);
}

/** @returns the plugins chosen for the request, or undefined when it had no route */
async function serve(
  exchange: Exchange,
  message: IncomingMessage,
  response: ServerResponse,
  handling: Handling,
): Promise<ChosenPlugin[] | undefined> {
  const { gateway, router, plugins } = handling;
  for (const plugin of plugins.global().filter(({ rpc }) => has(rpc.plugin.phases, 'rewrite'))) {
    const result = await runEvent(plugin, 'rewrite', exchange, gateway);
    if (result.kind === 'done') continue;
    if (result.kind === 'exit') sendOwn(exchange, response, result.response);
    else sendError(exchange, response, 500);
    return undefined;
  }
  exchange.match = router.match({
    method: exchange.method,
    rawPath: exchange.rawPath,
    headers: exchange.headers,
    serverPort: exchange.incoming.server.port,
    tls: exchange.incoming.tls,
  });
  if (exchange.match === undefined) {
    sendMessage(exchange, response, 404, 'no Route matched with those values');
    return undefined;
  }
  exchange.forwarded = forwardedOf(exchange, gateway.trustedIps);
  const isHttpsOnly = !exchange.match.route.protocols.includes('http');
  if (isHttpsOnly && exchange.forwarded.proto !== 'https') {
    redirectToHttps(exchange, response);
    return undefined;
  }
  prepareUpstream(exchange);
  return await accessPhase(exchange, message, response, handling);
}

async function accessPhase(
  exchange: Exchange,
  message: IncomingMessage,
  response: ServerResponse,
  { gateway, plugins, agents }: Handling,
): Promise<ChosenPlugin[]> {
  const chosen: ChosenPlugin[] = [];
  let answer: (() => void) | undefined;
  for (const loaded of plugins.inOrder) {
    if (exchange.match === undefined) break;
    // A plugin that authenticates decides which configs hold for those after it.
    const conf = chooseConfig(loaded, exchange.match.route, exchange.consumer);
    if (conf === undefined) continue;
    const plugin = { rpc: loaded.rpc, conf };
    chosen.push(plugin);
    if (answer !== undefined || !has(plugin.rpc.plugin.phases, 'access')) continue;
    const result = await runEvent(plugin, 'access', exchange, gateway);
    if (result.kind === 'exit') answer = () => sendOwn(exchange, response, result.response);
    if (result.kind === 'error') {
      exchange.isUnexpected = true;
      answer = () => sendMessage(exchange, response, 500, 'An unexpected error occurred');
    }
  }
  if (response.destroyed) return chosen;
  if (answer !== undefined) answer();
  else if (exchange.match?.route.service === undefined) {
    sendMessage(exchange, response, 503, 'no Service found with those values');
  } else await proxy(exchange, response, message, agents, gateway);
  return chosen;
}

function redirectToHttps(exchange: Exchange, response: ServerResponse): void {
  const status = exchange.match?.route.https_redirect_status_code ?? 426;
  if (status === 426) {
    sendMessage(exchange, response, 426, 'Please use HTTPS protocol', {
      Connection: 'Upgrade',
      Upgrade: 'TLS/1.2, HTTP/1.1',
    });
    return;
  }
  const host = exchange.forwarded?.host ?? exchange.incoming.host;
  const location = `https://${host}${exchange.incoming.uri}`;
  exchange.responseHeaders.set('Location', [location]);
  exchange.isExited = true;
  sendOwn(exchange, response, { status, body: undefined, headers: undefined });
}

async function logPhase(
  exchange: Exchange,
  chosen: ChosenPlugin[],
  { gateway, accessLog }: Handling,
): Promise<void> {
  let entry: Map<string | number, LuaValue>;
  try {
    entry = logEntry(exchange);
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    gateway.log('err', `failed to run log_by_lua*: ${error.message}`);
    return;
  }
  accessLog?.(toRecord(entry));
  const logging = chosen.filter(({ rpc }) => has(rpc.plugin.phases, 'log'));
  if (logging.length === 0) return;
  const saved = {
    serialized: tryEncode(entry),
    requestHeaders: exchange.headers.copy(),
    responseHeaders: exchange.sentHeaders.copy(),
    status: exchange.status ?? 0,
  };
  await Promise.all(logging.map((plugin) => runEvent(plugin, 'log', exchange, gateway, saved)));
}

/** JSON, or nothing for an entry that JSON cannot hold. */
function tryEncode(entry: Map<string | number, LuaValue>): LuaValue {
  try {
    return encodeJson(entry);
  } catch (error) {
    if (error instanceof LuaError) return undefined;
    throw error;
  }
}

function has(phases: string[], phase: string): boolean {
  return phases.includes(phase);
}
