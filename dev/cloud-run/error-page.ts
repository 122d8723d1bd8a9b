import type { ServerResponse } from 'node:http';
import { escapeHtml } from '../google/call.ts';

/**
 * The pages of Cloud Run's front end. 403 names the URL as in the private-service tutorials
 * (cloud.google.com/run/docs/tutorials/secure-services); 401 also carries the RFC 6750 challenge of
 * cloud.google.com/run/docs/troubleshooting.
 */
export function sendErrorPage(
  response: ServerResponse,
  status: 401 | 403 | 413 | 503,
  path: string,
): void {
  const url = `<code>${escapeHtml(path)}</code>`;
  const [title, message] = {
    401: ['Unauthorized', `Your client does not have permission to the requested URL ${url}.`],
    403: ['Forbidden', `Your client does not have permission to get URL ${url} from this server.`],
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
  response.writeHead(status, {
    ...(status === 401
      ? {
          'www-authenticate':
            'Bearer error="invalid_token" error_description="The access token could not be verified"',
        }
      : {}),
    'content-type': 'text/html; charset=UTF-8',
    'content-length': Buffer.byteLength(body),
    server: 'Google Frontend',
  });
  response.end(body);
}
