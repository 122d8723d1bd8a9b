import type { Reply } from './call.ts';
import { apiError } from './errors.ts';

/** cloud.google.com/apis/design/errors#handling_errors: the canonical code of an HTTP status. */
const CANONICAL: Record<number, readonly [status: string, message: string]> = {
  400: ['INVALID_ARGUMENT', 'Request contains an invalid argument.'],
  401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  403: ['PERMISSION_DENIED', 'The caller does not have permission.'],
  404: ['NOT_FOUND', 'Requested entity was not found.'],
  429: ['RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'],
  500: ['INTERNAL', 'Internal error encountered.'],
  504: ['DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'],
};

/** What Google's APIs answer with a status when there is nothing more to say. */
export function canonicalError(status: number): Reply {
  const [name, message] = CANONICAL[status] ?? [
    'UNAVAILABLE',
    'The service is currently unavailable.',
  ];
  return apiError(status, name, message);
}
