import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { GatewayTarget } from '../../check.ts';
import type { Answer, RawAnswer } from './answer.ts';
import { recognizeAnswer } from './recognize-answer.ts';

/** What a request to the gateway is made of; its method is GET. */
export interface RouteRequest {
  path: string;
  /** Host among them, where the route asks for one. */
  headers: Readonly<Record<string, string>>;
}

export type Reply =
  | Answer
  /** The reason why there is no answer; `no more` where enough requests were sent. */
  | { none: 'no more' | 'unreachable' | 'timeout' };

export interface GatewayClient {
  send(request: RouteRequest, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

const MOST_BODY_BYTES = 64 * 1024;

/**
 * Sends requests to a gateway, one after another, no more than were allowed, and without following redirects. Not by
 * `fetch`, which would not send another Host than that of the address.
 */
export function createGatewayClient(
  { url, max_requests }: GatewayTarget,
  timeout_ms: number,
): GatewayClient {
  let sent = 0;
  return {
    async send({ path, headers }, more = {}) {
      if (sent >= max_requests) return { none: 'no more' };
      sent += 1;
      const signal = AbortSignal.timeout(timeout_ms);
      try {
        return recognizeAnswer(await get(new URL(path, url), { ...headers, ...more }, signal));
      } catch {
        return { none: signal.aborted ? 'timeout' : 'unreachable' };
      }
    },
  };
}

function get(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = { headers, signal, agent: false, maxHeaderSize: MOST_BODY_BYTES };
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const sent: ClientRequest = request(url, options, (response) => {
      readStart(response)
        .then((body) => {
          const { statusCode: status = 0 } = response;
          resolve({ status, headers: toHeaders(response), body });
        }, reject)
        // A service may answer with an endless stream.
        .finally(() => sent.destroy());
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MOST_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toHeaders({ headersDistinct }: IncomingMessage): Headers {
  const entries = Object.entries(headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  );
  return new Headers(entries);
}
