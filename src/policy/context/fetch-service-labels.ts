import { isJsonObject, ownMember } from '../../core/json.ts';
import { ContextError } from './context-error.ts';
import type { GoogleApi } from './google-api.ts';

export type Labels = ReadonlyMap<string, string>;

/** Google allows 64 (cloud.google.com/run/docs/configuring/services/labels). */
const MAX_LABELS = 256;
const MAX_LENGTH = 256;

/**
 * Reads the labels of a Cloud Run service. Nothing else of it is asked for: its template may hold secrets.
 *
 * @param endpoint such as `https://run.googleapis.com`
 * @param service its resource name, of `isServiceResource`'s form
 * @returns none for a service that does not exist
 * @throws ContextError where that cannot be told
 * @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/get
 */
export async function fetchServiceLabels(
  api: GoogleApi,
  endpoint: string,
  service: string,
  signal: AbortSignal,
): Promise<Labels> {
  const answer = await api.get(`${endpoint}/v2/${service}?fields=name,labels`, signal);
  switch (answer.outcome) {
    case 'found': {
      const name = ownMember(answer.body, 'name');
      // Else whatever answers there would make a service that has no labels.
      if (typeof name !== 'string' || lastSegment(name) !== lastSegment(service)) {
        throw new ContextError('the answer is not of this service', 'question');
      }
      return readLabels(ownMember(answer.body, 'labels') ?? {});
    }
    case 'not_found':
      return new Map();
    case 'denied':
      throw new ContextError(
        'permission denied; grant run.services.get on the service (roles/run.viewer) and enable run.googleapis.com',
        'question',
      );
    case 'invalid':
      throw new ContextError('HTTP 400', 'question');
  }
}

function readLabels(value: unknown): Labels {
  const entries = isJsonObject(value) ? Object.entries(value) : null;
  if (entries === null || entries.length > MAX_LABELS) throw malformed();
  return new Map(
    entries.map(([name, label]) => {
      if (typeof label !== 'string') throw malformed();
      if (name.length > MAX_LENGTH || label.length > MAX_LENGTH) throw malformed();
      return [name, label];
    }),
  );
}

function malformed(): ContextError {
  return new ContextError('the labels in the answer are malformed', 'question');
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
