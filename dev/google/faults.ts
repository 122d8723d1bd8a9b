/** The endpoints as `calls()` counts them and `fail()` names them. */
export const ENDPOINTS = [
  'metadata',
  'metadata_identity',
  'metadata_token',
  'oauth_token',
  'sts_token',
  'generate_id_token',
  'generate_access_token',
  'get_service',
  'get_iam_policy',
  'test_iam_permissions',
  'search_transitive_groups',
  'certs',
  'discovery',
  'health',
  'unknown',
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

/**
 * What goes wrong, on the next `times` requests to an endpoint. With only `delay_ms` the right answer
 * comes late; `status` and `body` replace it (a `body` alone is sent with status 200); `stall` sends
 * half of the body and no more; `reset` breaks the connection without an answer. Of several rules that
 * fit a request the first one given applies.
 */
export interface FaultRule<E extends string = Endpoint> {
  endpoint: E | 'any';
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  delay_ms?: number;
  stall?: boolean;
  reset?: boolean;
  /** 2 spares the first request, hits the second, and so on by turns; default 1: every request */
  every?: number;
  /** how many requests it hits; default 1, and with `every` Infinity; Infinity ends with `recover()` */
  times?: number;
}

export interface Faults<E extends string> {
  add(rule: FaultRule<E>): void;
  /** the rule that this request uses up, if any */
  take(endpoint: E): FaultRule<E> | undefined;
  clear(): void;
}

export function createFaults<E extends string>(): Faults<E> {
  let pending: { rule: FaultRule<E>; seen: number; left: number }[] = [];
  return {
    add: (rule) => {
      const { every = 1, times = rule.every === undefined ? 1 : Number.POSITIVE_INFINITY } = rule;
      if (!(times >= 1)) throw new RangeError('a fault happens at least once');
      if (!(Number.isInteger(every) && every >= 1)) {
        throw new RangeError('every is a whole number of requests');
      }
      pending.push({ rule, seen: 0, left: times });
    },
    take: (endpoint) => {
      const found = pending.find((entry) => {
        const { endpoint: wanted, every = 1 } = entry.rule;
        if (wanted !== endpoint && wanted !== 'any') return false;
        entry.seen += 1;
        return entry.seen % every === 0;
      });
      if (found === undefined) return undefined;
      found.left -= 1;
      if (found.left === 0) pending = pending.filter((entry) => entry !== found);
      return found.rule;
    },
    clear: () => {
      pending = [];
    },
  };
}
