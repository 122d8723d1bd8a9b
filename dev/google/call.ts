import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from '../../src/core/json.ts';
import { readBody } from '../read-body.ts';

/** One request, read to its end. */
export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** @returns undefined when the body is larger than 1 MiB: no documented request comes near it */
export async function readCall(request: IncomingMessage): Promise<Call | undefined> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return undefined;
  const target = request.url ?? '/';
  const queryStart = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: queryStart === -1 ? target : target.slice(0, queryStart),
    query: new URLSearchParams(queryStart === -1 ? '' : target.slice(queryStart + 1)),
    headers: request.headers,
    body: body.toString('utf8'),
  };
}

export function json(
  status: number,
  body: JsonObject,
  headers: Record<string, string> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    body: `${JSON.stringify(body, null, 2)}\n`,
  };
}

export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
