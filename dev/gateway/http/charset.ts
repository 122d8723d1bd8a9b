const CHARSET_TYPES = new Set([
  'text/html',
  'text/xml',
  'text/plain',
  'text/vnd.wap.wml',
  'application/javascript',
  'application/rss+xml',
]);

/** A content type with the charset that nginx adds to text (`charset UTF-8`), save to redirects. */
export function withCharset(status: number, type: string): string {
  if (status === 301 || status === 302) return type;
  return CHARSET_TYPES.has(type.toLowerCase()) ? `${type}; charset=UTF-8` : type;
}
