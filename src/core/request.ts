import type { PolicyDecision } from './decision.ts';
import type { IdentityVerdict } from './identity.ts';
import { Malfunction } from './malfunction.ts';
import type { PreservedHost } from './preserved-host.ts';

/** What the stages before this one left on the request. A key is absent where its stage left nothing. */
export interface Handoff {
  authenticated_identity?: IdentityVerdict;
  policy_decision?: PolicyDecision;
}

export type HandoffKey = keyof Handoff;

/** The request as a stage sees it: plain data, holding at least what the stage said it needs. */
export interface RequestFacts {
  /**
   * The headers named in the needs, by the lower-case name used there; absent where the client sent none.
   *
   * `_` and `-` are one character here, as they are to CGI and WSGI applications: `X_User` is found under `x-user`.
   * A repeated header is one string, its values joined by `, ` (RFC 9110 §5.3).
   */
  headers?: Record<string, string>;
  method?: string;
  /** The normalized path that Kong routes by, without the query. */
  path?: string;
  /** The request target as the client sent it, path and query. */
  request_uri?: string;
  host?: string;
  /**
   * Scheme, host and port that the client addressed, such as `https://api.example.com:443`: as a trusted proxy in front
   * of Kong tells them, else as Kong sees them.
   */
  forwarded_origin?: string;
  client_ip?: string;
  /** The address at the other end of the connection, which may be a proxy's. */
  peer_ip?: string;
  /** The client certificate of the TLS connection, PEM in URL encoding; empty where there is none. */
  client_certificate?: string;
  /** Bytes as characters (ISO 8859-1). */
  raw_body?: { text: string } | { problem: 'unreadable' };
  route?: { id: string; name: string | null };
  service?: { name: string | null; host: string; protocol: string };
  preserved_host?: PreservedHost;
  /** https://www.w3.org/TR/trace-context/#traceparent-header; empty where there is none. */
  traceparent?: string;
  /** https://cloud.google.com/trace/docs/trace-context#legacy-http-header; empty where there is none. */
  cloud_trace_context?: string;
  handoff?: Handoff;
}

export type Attribute = Exclude<keyof RequestFacts, 'handoff' | 'headers'>;

/**
 * What a stage needs of the request. Nothing else is fetched from Kong, because each fetch costs a round trip.
 *
 * Headers are named one by one and query parameters are read from `request_uri`: the stock plugin server dies of a
 * client's header or parameter called `__proto__` when all are fetched, and Kong hands over 1,000 at most.
 */
export interface RequestNeeds {
  attributes: readonly Attribute[];
  /** Lower-case header names. */
  headers: readonly string[];
  handoff: readonly HandoffKey[];
  /**
   * Those of `headers` that count in this very spelling alone, where the host can tell: for a header that a proxy removes
   * from what clients send, and perhaps not with `_`.
   */
  exact_headers?: readonly string[];
  /**
   * Attributes that are needed only where the client sent that header, one of `headers`. Where calls travel together
   * they come in any case: asking later would cost a round trip more.
   */
  with_header?: { header: string; attributes: readonly Attribute[] };
}

/**
 * Reads an attribute that the stage declared in its needs.
 *
 * @throws Malfunction where it was not fetched; the request is then refused
 */
export function fact<A extends Attribute | 'headers'>(
  facts: RequestFacts,
  attribute: A,
): NonNullable<RequestFacts[A]> {
  const value = facts[attribute];
  if (value === undefined)
    throw new Malfunction(`request attribute "${attribute}" was not fetched`);
  return value;
}
