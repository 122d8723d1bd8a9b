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
  'search_transitive_groups',
  'certs',
  'discovery',
  'health',
  'unknown',
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

/**
 * What goes wrong, on the next `times` requests to an endpoint. With only `delay_ms` the right answer
 * comes late; `status` and `body` replace it (a `body` alone is sent with status 200); `reset` breaks
 * the connection without an answer. Rules apply in the order they were given.
 */
export interface FaultRule {
  endpoint: Endpoint | 'any';
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  delay_ms?: number;
  reset?: boolean;
  /** default 1; Infinity until `recover()` */
  times?: number;
}

export interface Faults {
  add(rule: FaultRule): void;
  /** the rule that this request uses up, if any */
  take(endpoint: Endpoint): FaultRule | undefined;
  clear(): void;
}

export function createFaults(): Faults {
  let pending: { rule: FaultRule; left: number }[] = [];
  return {
    add: (rule) => {
      const left = rule.times ?? 1;
      if (!(left >= 1)) throw new RangeError('a fault happens at least once');
      pending.push({ rule, left });
    },
    take: (endpoint) => {
      const found = pending.find(
        ({ rule }) => rule.endpoint === endpoint || rule.endpoint === 'any',
      );
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
