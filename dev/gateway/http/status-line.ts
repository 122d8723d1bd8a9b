const REASONS = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
  [204, 'No Content'],
  [206, 'Partial Content'],
  [301, 'Moved Permanently'],
  [302, 'Moved Temporarily'],
  [303, 'See Other'],
  [304, 'Not Modified'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [402, 'Payment Required'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Not Allowed'],
  [406, 'Not Acceptable'],
  [408, 'Request Time-out'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [411, 'Length Required'],
  [412, 'Precondition Failed'],
  [413, 'Request Entity Too Large'],
  [414, 'Request-URI Too Large'],
  [415, 'Unsupported Media Type'],
  [416, 'Requested Range Not Satisfiable'],
  [421, 'Misdirected Request'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Temporarily Unavailable'],
  [504, 'Gateway Time-out'],
  [505, 'HTTP Version Not Supported'],
  [507, 'Insufficient Storage'],
]);

/** Where the title of nginx's page differs from the reason in its status line. */
const TITLES = new Map([
  [302, 'Found'],
  [401, 'Authorization Required'],
]);

const WITHOUT_PAGE = new Set([200, 201, 202, 204, 206, 304]);

/** The reason phrase that nginx writes; it has none for a status that it does not know. */
export function reasonPhrase(status: number): string {
  return REASONS.get(status) ?? '';
}

/** nginx's page for a status that comes without a body; undefined where it has none. */
export function defaultPage(status: number): string | undefined {
  const reason = REASONS.get(status);
  if (reason === undefined || WITHOUT_PAGE.has(status)) return undefined;
  const title = `${status} ${TITLES.get(status) ?? reason}`;
  return [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
}
