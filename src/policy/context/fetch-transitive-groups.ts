import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../core/json.ts';
import { ContextError } from './context-error.ts';
import type { GoogleApi } from './google-api.ts';
import { asciiLowerCase, transitiveGroupsQuery } from './transitive-groups-query.ts';

/** Google's largest is 1000; a page of this size stays well below the bound on an answer. */
const PAGE_SIZE = 500;
const MAX_PAGES = 20;
const MAX_KEY = 512;
const MAX_PAGE_TOKEN = 4096;

export interface Member {
  /** Of `memberKey`. */
  readonly email: string;
  readonly customer: string | undefined;
}

/**
 * Reads the groups that a member is in, directly or through other groups, page by page. All or nothing: a part of
 * them could lack just the one that a rule denies by.
 *
 * @param endpoint such as `https://cloudidentity.googleapis.com`
 * @returns their addresses, in lower case and each once
 * @throws ContextError where they cannot be told
 */
export async function fetchTransitiveGroups(
  api: GoogleApi,
  endpoint: string,
  { email, customer }: Member,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = transitiveGroupsQuery(email, customer);
  const groups = new Set<string>();
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const parameters = new URLSearchParams({
      query,
      pageSize: String(PAGE_SIZE),
      fields: 'memberships(groupKey(id,namespace)),nextPageToken',
      ...(pageToken === '' ? {} : { pageToken }),
    });
    const body = await ask(
      api,
      `${endpoint}/v1/groups/-/memberships:searchTransitiveGroups?${parameters}`,
      signal,
    );
    for (const group of readPage(body)) groups.add(group);
    pageToken = readPageToken(ownMember(body, 'nextPageToken'));
    if (pageToken === '') return [...groups];
  }
  throw new ContextError(`the member is in more than ${MAX_PAGES * PAGE_SIZE} groups`, 'question');
}

async function ask(api: GoogleApi, url: string, signal: AbortSignal): Promise<JsonObject> {
  const answer = await api.get(url, signal);
  switch (answer.outcome) {
    case 'found':
      return answer.body;
    case 'denied':
      throw new ContextError(
        'permission denied; assign the admin role Groups Reader to the service account, enable ' +
          'cloudidentity.googleapis.com, set google_groups.customer where members may be in groups of other ' +
          'organizations, and see that the member has an account whose edition allows this',
        'question',
      );
    case 'not_found':
      // The API has no such answer to this question: the endpoint is not the API.
      throw new ContextError('HTTP 404', 'api');
    case 'invalid':
      throw new ContextError('HTTP 400', 'question');
  }
}

function readPage(body: JsonObject): string[] {
  // Google leaves empty lists out.
  const memberships = ownMember(body, 'memberships') ?? [];
  if (!Array.isArray(memberships)) throw malformed();
  return memberships.flatMap((membership) => {
    const key = isJsonObject(membership) ? ownMember(membership, 'groupKey') : undefined;
    const id = isJsonObject(key) ? ownMember(key, 'id') : undefined;
    if (!isJsonObject(key) || typeof id !== 'string' || id === '' || id.length > MAX_KEY) {
      throw malformed();
    }
    // Ids of a namespace are another identity provider's, and could look like an address of this one.
    return (ownMember(key, 'namespace') ?? '') === '' ? [asciiLowerCase(id)] : [];
  });
}

function readPageToken(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string' || value.length > MAX_PAGE_TOKEN) throw malformed();
  return value;
}

function malformed(): ContextError {
  return new ContextError('the groups in the answer are malformed', 'question');
}
