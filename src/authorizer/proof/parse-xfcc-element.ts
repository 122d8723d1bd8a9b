export interface XfccElement {
  hash?: string;
  cert?: string;
}

/** A quoted value escapes with a backslash whatever it likes; any other holds nothing that means something here. */
const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;\\]*))(;|$)/y;

/**
 * Parses Envoy's `x-forwarded-client-cert` where one hop has written it: exactly one element. With several, the first
 * would be the client's own word wherever the hop appends instead of replacing (`APPEND_FORWARD`).
 *
 * `Hash=` and `Cert=` must stand nowhere but where they are read. Envoy puts the names in a certificate into this text
 * without escaping them, so a quote that the client opens, and one that its certificate closes, could make the text in
 * between, which tells the true certificate, a mere value.
 *
 * @returns null for anything else
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */
export function parseXfccElement(text: string): XfccElement | null {
  const element: XfccElement = {};
  PAIR.lastIndex = 0;
  for (let isLast = false; !isLast; ) {
    const pair = PAIR.exec(text);
    if (pair === null) return null;
    const [, key = '', quoted, bare = '', end] = pair;
    const name = key.toLowerCase();
    if (name === 'hash' || name === 'cert') element[name] = quoted ?? bare;
    isLast = end === '';
  }
  return isToldOnce(text, 'hash=', element.hash) && isToldOnce(text, 'cert=', element.cert)
    ? element
    : null;
}

function isToldOnce(text: string, name: string, value: string | undefined): boolean {
  const count = text.toLowerCase().split(name).length - 1;
  return count === (value === undefined ? 0 : 1);
}
