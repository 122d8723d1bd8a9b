import type { LuaValue } from '../lua/value.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const GRPC = 'application/grpc';

const TYPES = new Map([
  [GRPC, ''],
  ['text/html', 'text/html; charset=utf-8'],
  ['application/json', JSON_TYPE],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['application/xml', 'application/xml; charset=utf-8'],
  ['application', JSON_TYPE],
  ['text', 'text/plain; charset=utf-8'],
]);

const MEDIA_RANGE =
  /^((?:[a-z0-9][a-z0-9-!#$&^_+.]+|\*)\/(?:[a-z0-9][a-z0-9-!#$&^_+.]+|\*))(?:\s*;\s*q=(1(?:\.0{0,3}|)|0(?:\.\d{0,3}|))|\s*;\s*[a-z0-9][a-z0-9-!#$&^_+.]+(?:=[^;]*|))*/i;

/** The content type of an error for a client that accepts this; JSON when in doubt. */
export function responseType(accept: LuaValue): string {
  const header = Array.isArray(accept) ? accept.join(',') : accept;
  let type = JSON_TYPE;
  let best = 0;
  for (const range of typeof header === 'string' ? header.split(',') : []) {
    const [, media, quality] = MEDIA_RANGE.exec(range.trim()) ?? [];
    const weight = Number(quality ?? 1);
    if (media === undefined || weight <= best) continue;
    best = weight;
    type = mimeType(media);
  }
  return type;
}

function mimeType(media: string): string {
  const [main = '', sub] = media.split('/');
  if (sub !== '*') return TYPES.get(media) ?? JSON_TYPE;
  return main === '*' ? JSON_TYPE : (TYPES.get(main) ?? JSON_TYPE);
}

/** Kong's error body in that type; a type that Kong has no error body for gets none. */
export function formatError(type: string, message: string, requestId: string): string | undefined {
  switch (type.replace(/; charset=utf-8$/, '')) {
    case 'application/json':
      return `{\n  "message":"${message}",\n  "request_id":"${requestId}"\n}`;
    case 'text/html':
      return `<!doctype html>
<html>
  <head>
    <meta charset="utf-8">
    <title>Error</title>
  </head>
  <body>
    <h1>Error</h1>
    <p>${message}.</p>
    <p>request_id: ${requestId}</p>
  </body>
</html>
`;
    case 'application/xml':
      return `<?xml version="1.0" encoding="UTF-8"?>
<error>
  <message>${message}</message>
  <requestid>${requestId}</requestid>
</error>
`;
    case 'text/plain':
      return `${message}\nrequest_id: ${requestId}\n`;
    default:
      return undefined;
  }
}
