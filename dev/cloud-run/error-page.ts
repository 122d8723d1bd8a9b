import type { ServerResponse } from 'node:http';
import { escapeHtml } from '../google/call.ts';
import { notFound } from '../google/errors.ts';

/**
 * The pages of Cloud Run's front end. 403 names the URL as in the private-service tutorials
 * (cloud.google.com/run/docs/tutorials/secure-services); 401 also carries the RFC 6750 challenge of
 * cloud.google.com/run/docs/troubleshooting; 404 is what a service answers that does not exist, and one whose
 * ingress setting keeps the caller out.
 */
export function sendErrorPage(
  response: ServerResponse,
  status: 401 | 403 | 404 | 413 | 503,
  path: string,
): void {
  const url = `<code>${escapeHtml(path)}</code>`;
  const [title, message] = {
    401: ['Unauthorized', `Your client does not have permission to the requested URL ${url}.`],
    403: ['Forbidden', `Your client does not have permission to get URL ${url} from this server.`],
    404: ['Page not found', 'The requested URL was not found on this server.'],
    413: ['Request Entity Too Large', 'Your client issued a request that was too large.'],
    503: ['Service Unavailable', 'The service you requested is not available at this time.'],
  }[status] as [string, string];
  const body = `<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>${status} ${title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: ${title}</h1>
<h2>${message}</h2>
<h2></h2>
</body></html>
`;
  send(response, status, body, {
    ...(status === 401
      ? {
          'www-authenticate':
            'Bearer error="invalid_token" error_description="The access token could not be verified"',
        }
      : {}),
    'content-type': 'text/html; charset=UTF-8',
    server: 'Google Frontend',
  });
}

/** What Google answers for a Host that is none of its services: another page, and no `server`. */
export function sendUnknownHostPage(response: ServerResponse, path: string): void {
  const { status, headers, body } = notFound(path);
  send(response, status, body, { ...headers, 'referrer-policy': 'no-referrer' });
}

/**
 * What Identity-Aware Proxy answers by itself, and the header that says so
 * (cloud.google.com/iap/docs/query-parameters-and-headers-howto). The text is plain, whatever its type says; the
 * one of 403 is this stand-in's own.
 *
 * @param clientId of the OAuth client that a browser would sign in by
 */
export function sendIapPage(
  response: ServerResponse,
  status: 302 | 401 | 403,
  detail: string,
  clientId: string,
): void {
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    scope: 'openid email',
  });
  const body = status === 403 ? "You don't have access\n" : `Invalid IAP credentials: ${detail}`;
  send(response, status, body, {
    ...(status === 302
      ? { location: `https://accounts.google.com/o/oauth2/v2/auth?${query}` }
      : {}),
    'content-type': 'text/html; charset=UTF-8',
    'x-goog-iap-generated-response': 'true',
    server: 'Google Frontend',
  });
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
