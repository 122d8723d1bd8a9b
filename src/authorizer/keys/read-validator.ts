/** How to ask whether a document has changed: a header that a conditional request carries (RFC 9110 §13.1). */
export interface Validator {
  header: 'if-none-match' | 'if-modified-since';
  value: string;
}

/** RFC 9110 §8.8.3. Strict, because `*` in `If-None-Match` matches every document there is. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/;
/** RFC 9110 §5.6.7, in the form that senders must use. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** @returns the `ETag` of an answer, else its `Last-Modified`, else null */
export function readValidator(headers: Headers): Validator | null {
  const etag = headers.get('etag') ?? '';
  if (ENTITY_TAG.test(etag)) return { header: 'if-none-match', value: etag };
  const date = headers.get('last-modified') ?? '';
  return HTTP_DATE.test(date) ? { header: 'if-modified-since', value: date } : null;
}
