import type { JsonObject } from '../../src/core/json.ts';
import { escapeHtml, json, type Reply } from './call.ts';

/** RFC 6749 §5.2, as oauth2.googleapis.com and sts.googleapis.com answer. */
export function oauthError(error: string, description: string, status = 400): Reply {
  return json(status, { error, error_description: description });
}

/**
 * The error model of Google's REST APIs: cloud.google.com/apis/design/errors (google.rpc.Status
 * under `error`, with the canonical code's name in `status`).
 */
export function apiError(
  code: number,
  status: string,
  message: string,
  details?: JsonObject[],
  headers: Record<string, string> = {},
): Reply {
  return json(
    code,
    { error: { code, message, status, ...(details === undefined ? {} : { details }) } },
    headers,
  );
}

/** google.rpc.ErrorInfo (cloud.google.com/apis/design/errors#error_info). */
export function errorInfo(reason: string, domain: string, metadata: JsonObject): JsonObject {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain, metadata };
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
};

/** The HTML page Google's servers send where no API answers. `detail` is plain text. */
export function htmlError(
  status: number,
  detail: string,
  headers: Record<string, string> = {},
): Reply {
  const title = `Error ${status} (${TITLES[status] ?? 'Error'})!!1`;
  return {
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8', ...headers },
    body: `<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>${title}</title>\n<p><b>${status}.</b>\n<p>${escapeHtml(detail)}\n`,
  };
}

export function notFound(path: string): Reply {
  return htmlError(404, `The requested URL ${path} was not found on this server.`);
}
