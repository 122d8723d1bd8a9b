/**
 * The part of Kong's PDK that the suite uses, as kong-pdk 0.6 exposes it.
 * A value that Kong does not have arrives as null, undefined or an empty string, depending on the protocol.
 *
 * `kong.request.getHeaders` and `getQuery` are left out on purpose: see RequestNeeds.
 *
 * @see https://developer.konghq.com/gateway/pdk/reference/
 */
export interface KongPdk {
  request: {
    getMethod(): Promise<unknown>;
    getPath(): Promise<unknown>;
    getHost(): Promise<unknown>;
  };
  plugin: { getId(): Promise<unknown> };
  client: { getForwardedIp(): Promise<unknown> };
  router: {
    getRoute(): Promise<{ id?: unknown; name?: unknown } | null | undefined>;
    getService(): Promise<{ name?: unknown; host?: unknown } | null | undefined>;
  };
  nginx: { getVar(name: string): Promise<unknown> };
  ctx: {
    shared: {
      get(key: string): Promise<unknown>;
      set(key: string, value: string | string[]): Promise<unknown>;
    };
  };
  service: {
    request: {
      setHeaders(headers: Record<string, string>): Promise<unknown>;
      clearHeader(name: string): Promise<unknown>;
    };
  };
  log: {
    err(message: string): Promise<unknown>;
    setSerializeValue(key: string, value: unknown): Promise<unknown>;
  };
  response: {
    /** Ends the request inside Kong. Nothing may be asked of the PDK afterwards: the answer would never come. */
    exit(status: number, body: string, headers: Record<string, string>): unknown;
  };
}
