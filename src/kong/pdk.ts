import type { Consumer } from '../core/stage.ts';

/**
 * The part of Kong's PDK that the suite uses, as kong-pdk 0.6 exposes it.
 * A value that Kong does not have arrives as null, undefined or an empty string, depending on the protocol.
 *
 * `kong.request.getHeaders` is for our own plugin server alone, and `getQuery` is left out: see RequestNeeds.
 *
 * @see https://developer.konghq.com/gateway/pdk/reference/
 */
export interface KongPdk {
  /** What our own plugin server adds; the stock one has nothing here. */
  pluginServer?: {
    /**
     * Calls that are made together travel together; over the stock server each waits for the one before. Such a server
     * also bounds every event in time, and never runs an instance in place of another's.
     */
    readonly pipelined: boolean;
  };
  request: {
    getHeaders(most: number): Promise<unknown>;
    getMethod(): Promise<unknown>;
    getPath(): Promise<unknown>;
    getHost(): Promise<unknown>;
    getForwardedScheme(): Promise<unknown>;
    getForwardedHost(): Promise<unknown>;
    getForwardedPort(): Promise<unknown>;
    getRawBody(): Promise<unknown>;
  };
  plugin: { getId(): Promise<unknown> };
  client: {
    getIp(): Promise<unknown>;
    getForwardedIp(): Promise<unknown>;
    authenticate(consumer: Consumer): Promise<unknown>;
  };
  router: {
    getRoute(): Promise<
      { id?: unknown; name?: unknown; preserve_host?: unknown; hosts?: unknown } | null | undefined
    >;
    getService(): Promise<
      { name?: unknown; host?: unknown; protocol?: unknown } | null | undefined
    >;
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
      setHeaders(headers: Readonly<Record<string, string>>): Promise<unknown>;
      clearHeader(name: string): Promise<unknown>;
    };
  };
  log: {
    err(message: string): Promise<unknown>;
    setSerializeValue(key: string, value: unknown): Promise<unknown>;
  };
  response: {
    getStatus(): Promise<unknown>;
    getSource(): Promise<unknown>;
    getHeader(name: string): Promise<unknown>;
    setHeader(name: string, value: string): Promise<unknown>;
    /** Ends the request inside Kong. Nothing may be asked of the PDK afterwards: the answer would never come. */
    exit(status: number, body: string, headers: Readonly<Record<string, string>>): unknown;
  };
}
