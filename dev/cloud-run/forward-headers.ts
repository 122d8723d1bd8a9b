import { randomBytes } from 'node:crypto';
import type { CredentialHeader } from './authenticate-invoker.ts';

export type ForwardedHeaders = Record<string, string | string[]>;

/** cloud.google.com/functions/docs/reference/headers: they concern the connection, not the app. */
const REMOVED = [
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
];

/**
 * The headers as the app gets them: the client's, less those of the connection and Google's own
 * `X-Google-*`, with the trace and forwarding headers that Google adds
 * (cloud.google.com/functions/docs/reference/headers, cloud.google.com/run/docs/trace).
 *
 * @param credential the header whose token was checked: its signature is replaced, so that the app can
 *   read the claims and cannot use the token again (cloud.google.com/run/docs/troubleshooting)
 */
export function forwardHeaders(
  received: NodeJS.Dict<string[]>,
  credential: CredentialHeader | undefined,
  clientAddress: string,
): ForwardedHeaders {
  const headers: ForwardedHeaders = {};
  for (const [name, values = []] of Object.entries(received)) {
    if (REMOVED.includes(name) || name.startsWith('x-google-')) continue;
    headers[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  if (credential !== undefined) {
    headers[credential] = String(headers[credential]).replace(
      /\.[^.]*$/,
      '.SIGNATURE_REMOVED_BY_GOOGLE',
    );
  }
  const chain = [received['x-forwarded-for'] ?? [], clientAddress].flat().join(', ');
  const node = clientAddress.includes(':') ? `"[${clientAddress}]"` : `"${clientAddress}"`;
  return {
    ...headers,
    ...traceHeaders(received),
    'x-forwarded-for': chain,
    'x-forwarded-proto': 'http',
    forwarded: [received.forwarded ?? [], `for=${node};proto=http`].flat().join(', '),
  };
}

/** One trace for the whole path: the client's, by either header, or a new one. */
function traceHeaders(received: NodeJS.Dict<string[]>): Record<string, string> {
  const parent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(
    received.traceparent?.[0] ?? '',
  );
  const context = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=([01]))?$/i.exec(
    received['x-cloud-trace-context']?.[0] ?? '',
  );
  const trace = (context?.[1] ?? parent?.[1] ?? randomBytes(16).toString('hex')).toLowerCase();
  const span = parent?.[2] ?? randomBytes(8).toString('hex');
  const sampled = context?.[3] ?? (parent?.[3]?.endsWith('1') ? '1' : '0');
  return {
    'x-cloud-trace-context': context?.[0] ?? `${trace}/${BigInt(`0x${span}`)};o=${sampled}`,
    traceparent: received.traceparent?.[0] ?? `00-${trace}-${span}-0${sampled}`,
  };
}
