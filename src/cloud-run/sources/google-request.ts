import { gaxios } from 'google-auth-library';

/** An ID token has about 1 KB. */
const MAX_RESPONSE_BYTES = 65536;

const transport = new gaxios.Gaxios();

/**
 * One exchange with Google through the library's own transport, within the signal's time.
 *
 * A passing fault is retried twice, 100 and 500 ms later, so that the first request of a new gateway does not meet
 * a metadata server that still starts. A redirect is an error like any other status: it would carry an assertion
 * elsewhere.
 */
export function googleRequest<T>(
  options: gaxios.GaxiosOptions,
  signal: AbortSignal,
): Promise<gaxios.GaxiosResponse<T>> {
  const { protocol, hostname } = new URL(String(options.url));
  return transport.request<T>({
    ...options,
    signal,
    redirect: 'manual',
    maxContentLength: MAX_RESPONSE_BYTES,
    retryConfig: { ...options.retryConfig, retry: 2, noResponseRetries: 2 },
    // Plain http goes to this machine or its metadata server only, which no proxy can reach.
    ...(protocol === 'http:' ? { noProxy: [hostname] } : {}),
  });
}
