import type { JsonObject } from './json.ts';
import type { Refusal } from './refusal.ts';
import type { Handoff, RequestFacts, RequestNeeds } from './request.ts';

/** A Kong consumer, by which `rate-limiting` and other plugins tell callers apart. It need not exist in Kong. */
export interface Consumer {
  /** A UUID. */
  id: string;
  username: string;
  custom_id: string;
}

/** What happens to a request that goes on. */
export interface Continue {
  outcome: 'continue';
  /** Headers of the request to the upstream. Removal comes first. */
  remove_headers?: readonly string[];
  set_headers?: Readonly<Record<string, string>>;
  /** Headers set like those, whose values Kong's log plugins must not see. */
  secret_headers?: Readonly<Record<string, string>>;
  handoff?: Handoff;
  /** Read by Kong's bundled `acl` plugin from `kong.ctx.shared.authenticated_groups`. */
  authenticated_groups?: readonly string[];
  consumer?: Consumer;
  /** Headers of the response to the client. */
  response_headers?: Readonly<Record<string, string>>;
  /** Put under `authz` in the records of Kong's log plugins. */
  log?: JsonObject;
}

export interface Refuse {
  outcome: 'refuse';
  refusal: Refusal;
  log?: JsonObject;
}

/** The request is answered here, and not refused: a document of the gateway's own. */
export interface Respond {
  outcome: 'respond';
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
  log?: JsonObject;
}

export type Outcome = Continue | Refuse | Respond;

/** What the upstream answered. */
export interface UpstreamResponse {
  status: number;
  /** Those that were asked for, by lower-case name; empty where there is none. */
  headers: Readonly<Record<string, string>>;
}

/** What a stage does once the client has its answer, which it cannot change any more. */
export interface Afterwards {
  /** What is fetched of the request, for a response that concerns the stage. */
  needs: RequestNeeds;
  /** Lower-case names of headers that are fetched of such a response. */
  response_headers: readonly string[];
  /** Asked for every response, so that nothing is fetched for most. */
  concerns(response: Pick<UpstreamResponse, 'status'>): boolean;
  hear(response: UpstreamResponse, facts: RequestFacts): void;
}

/**
 * One step of the chain, free of Kong: it declares what it reads and returns what to write.
 * It may throw; whoever runs it turns that into a refusal.
 */
export interface Stage {
  /** Waited for before anything else, where there is something to wait for. */
  ready?(): Promise<void> | undefined;
  /** Asked anew for every request, because a reloaded policy may read other attributes. */
  needs(): RequestNeeds;
  /**
   * @param needs what the facts were fetched for, where others may be needed by now; the present ones where it is left out
   */
  run(facts: RequestFacts, needs?: RequestNeeds): Outcome | Promise<Outcome>;
  /** Of a plugin that is defined to run afterwards too. */
  afterwards?: Afterwards;
  /** Of a plugin that is defined to be warmed: prepares for a route ahead of its first request. */
  warm?(service: { host: string }): Promise<void>;
}

export function refuse(refusal: Refusal, log?: JsonObject): Refuse {
  return log === undefined ? { outcome: 'refuse', refusal } : { outcome: 'refuse', refusal, log };
}
