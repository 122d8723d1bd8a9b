import { gaxios } from 'google-auth-library';

const transport = new gaxios.Gaxios();

/** Not 429: who says that there were too many requests is not sent more of them. */
const PASSING = [
  [408, 408],
  [500, 599],
];

interface Bounds {
  signal: AbortSignal;
  /** Default 64 KB: a token has about 1 KB. */
  max_bytes?: number;
  /**
   * How often a passing fault is tried again, a connection that broke included. Default 2, after 100 and 500 ms, so that
   * the first request of a new gateway does not meet a metadata server that still starts.
   */
  retries?: number;
}

/**
 * One exchange with Google through the library's own transport, which knows `HTTPS_PROXY`. A redirect is an answer
 * like any other status: it would carry a credential elsewhere.
 */
export function googleRequest<T>(
  options: gaxios.GaxiosOptions,
  { signal, max_bytes = 65_536, retries = 2 }: Bounds,
): Promise<gaxios.GaxiosResponse<T>> {
  const { protocol, hostname } = new URL(String(options.url));
  return transport.request<T>({
    ...options,
    signal,
    redirect: 'manual',
    maxContentLength: max_bytes,
    retryConfig: {
      statusCodesToRetry: PASSING,
      ...options.retryConfig,
      retry: retries,
      noResponseRetries: retries,
    },
    // Plain http goes to this machine or its metadata server only, which no proxy can reach.
    ...(protocol === 'http:' ? { noProxy: [hostname] } : {}),
  });
}
