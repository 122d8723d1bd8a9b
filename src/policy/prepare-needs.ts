import type { Attribute, RequestNeeds } from '../core/request.ts';
import type { Policy } from './policy.ts';

/** What a policy needs of a request, and what the audit entry does. */
export function prepareNeeds({ reads }: Policy, context: readonly Attribute[]): RequestNeeds {
  return {
    attributes: [
      ...new Set<Attribute>([
        // The last for the audit entry's trace_id.
        ...(['method', 'path', 'request_uri', 'route', 'traceparent'] as const),
        ...reads.attributes,
        ...context,
      ]),
    ],
    headers: reads.headers,
    handoff: ['authenticated_identity'],
  };
}
