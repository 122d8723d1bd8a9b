import type { Identity } from '../core/identity.ts';
import { fact, type RequestFacts } from '../core/request.ts';
import { RequestProblem } from './cel/request-problem.ts';
import type { RequestView } from './cel/variables.ts';
import type { PolicyConfig } from './config.ts';
import type { Question } from './decide.ts';
import { parseQuery } from './parse-query.ts';
import type { Policy } from './policy.ts';
import { readJsonBody } from './read-json-body.ts';

/** What surrounds the request. */
export interface Surroundings {
  identity: Identity | null;
  labels: ReadonlyMap<string, string>;
  /** Milliseconds since the Unix epoch. */
  now: number;
}

/** The question that a request puts to a policy: no more than that policy reads. */
export function readQuestion(
  facts: RequestFacts,
  policy: Policy,
  { max_body_bytes }: PolicyConfig,
  surroundings: Surroundings,
): Question {
  const { name, id } = fact(facts, 'route');
  return {
    ...surroundings,
    request: viewRequest(facts, policy, max_body_bytes),
    route: name ?? id,
    service: policy.reads.attributes.includes('service') ? serviceName(facts) : '',
  };
}

function viewRequest(facts: RequestFacts, { reads }: Policy, maxBodyBytes: number): RequestView {
  const headers = reads.headers.length > 0 ? fact(facts, 'headers') : {};
  const body = reads.attributes.includes('raw_body')
    ? readJsonBody(facts, maxBodyBytes)
    : undefined;
  return {
    method: fact(facts, 'method'),
    // Kong leaves reserved characters encoded, and the service will decode them.
    path: decodeURIComponent(fact(facts, 'path')),
    query: reads.query ? readQuery(fact(facts, 'request_uri')) : new Map(),
    headers: new Map(Object.entries(headers)),
    ...(reads.attributes.includes('host') ? { host: fact(facts, 'host') } : {}),
    ...(reads.attributes.includes('client_ip') ? { client_ip: fact(facts, 'client_ip') } : {}),
    ...(body === undefined ? {} : { body }),
  };
}

function readQuery(requestUri: string): NonNullable<RequestView['query']> {
  return (
    parseQuery(requestUri) ??
    new RequestProblem('invalid_request', 'the query has too many parameters')
  );
}

function serviceName(facts: RequestFacts): string {
  const { name, host } = fact(facts, 'service');
  return name ?? host;
}
