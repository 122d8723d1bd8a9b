import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { JSONWebKeySet } from 'jose';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { close, listen, localUrl } from '../google/listen.ts';
import { readBody } from '../read-body.ts';
import { type App, echo, MAX_BODY_BYTES, type SeenRequest, sendAppAnswer } from './app.ts';
import { sendErrorPage } from './error-page.ts';
import { createFrontEnd, type FrontEndOptions } from './front-end.ts';

export type { SeenRequest } from './app.ts';

export interface CloudRunOptions extends FrontEndOptions {
  /** default 127.0.0.1 */
  host?: string;
  /** default 0: a free port */
  port?: number;
  clock?: Clock;
  /** answers in the place of the app that says what it received */
  app?: App;
  onRequest?: (seen: SeenRequest) => void;
}

export interface CloudRun {
  url: string;
  port: number;
  /** every request that reached the app, oldest first; the last 1000 */
  requests(): SeenRequest[];
  /** From now on the front end answers 401 for tokens whose `iat` is earlier, in milliseconds since the epoch. */
  rejectTokensMintedBefore(ms: number): void;
  /** From now on the front end answers 401 for every token that it has accepted up to now. */
  rejectSeenTokens(): void;
  /** what verifies X-Goog-IAP-JWT-Assertion; no key without IAP */
  iapKeys: JSONWebKeySet;
  stop(): Promise<void>;
}

const KEPT_REQUESTS = 1000;

/**
 * One Cloud Run service: the front end with its IAM check, and behind it an app that answers with what
 * it received. Plain HTTP; for development and test only.
 *
 * @example
 * const service = await startCloudRun({
 *   service: 'tasks', audiences: ['https://tasks.example'], certsUrl: google.certsUrl,
 *   invokers: [google.defaultServiceAccount],
 * });
 */
export async function startCloudRun(options: CloudRunOptions): Promise<CloudRun> {
  const { host = '127.0.0.1', service, clock = systemClock, app } = options;
  if (options.audiences.length === 0)
    throw new Error(`${service}: at least one audience is needed`);
  const frontEnd = await createFrontEnd(options, clock);
  const seen: SeenRequest[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const admitted = await frontEnd.admit(request, response);
    if (admitted === undefined) return;
    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === undefined) {
      sendErrorPage(response, 413, path);
      return;
    }
    const reached: SeenRequest = {
      service,
      method: request.method ?? 'GET',
      path,
      headers: admitted.headers,
      ...(admitted.claims === undefined ? {} : { invoker: admitted.claims }),
      body,
    };
    seen.push(reached);
    if (seen.length > KEPT_REQUESTS) seen.shift();
    options.onRequest?.(reached);
    sendAppAnswer(response, reached, (await app?.(reached)) ?? echo(reached));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (request.socket.destroyed || response.headersSent) {
        response.destroy();
        return;
      }
      console.error(
        `cloud run stand-in, ${service}:`,
        error instanceof Error ? error.message : 'failed',
      );
      sendErrorPage(response, 503, '');
    });
  });
  const port = await listen(server, host, options.port ?? 0);
  return {
    url: localUrl(host, port),
    port,
    requests: () => [...seen],
    rejectTokensMintedBefore: (ms) => frontEnd.revocation.rejectMintedBefore(ms),
    rejectSeenTokens: () => frontEnd.revocation.rejectSeen(),
    iapKeys: { keys: frontEnd.iapKeys },
    stop: () => close(server),
  };
}
