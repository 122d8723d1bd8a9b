import { createHash } from 'node:crypto';
import type { JsonObject } from '../../src/core/json.ts';
import type { AccessGrant } from './access-tokens.ts';
import { authenticate } from './authenticate.ts';
import { type Call, json, type Reply } from './call.ts';
import { apiError } from './errors.ts';
import { selectFields } from './select-fields.ts';
import {
  parseTransitiveGroupsQuery,
  type TransitiveGroupsQuery,
} from './transitive-groups-query.ts';
import { CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

export const SEARCH_TRANSITIVE_GROUPS_PATH = '/v1/groups/-/memberships:searchTransitiveGroups';

const SCOPES = [
  CLOUD_PLATFORM_SCOPE,
  'https://www.googleapis.com/auth/cloud-identity',
  'https://www.googleapis.com/auth/cloud-identity.groups',
  'https://www.googleapis.com/auth/cloud-identity.groups.readonly',
];
const DISCUSSION_FORUM = 'cloudidentity.googleapis.com/groups.discussion_forum';
const PARAMETERS = ['query', 'pageSize', 'pageToken', 'fields', '$fields', 'alt', 'prettyPrint'];
const DEFAULT_PAGE_SIZE = 200;
const MAX_PAGE_SIZE = 1000;

/**
 * cloudidentity.googleapis.com:
 * cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/searchTransitiveGroups.
 *
 * "Actor must have view permissions all transitive groups": without `parent`, one group of another customer among
 * them refuses the whole question, whatever role the actor has.
 */
export function searchTransitiveGroups(world: World, call: Call): Reply {
  const grant = authenticate(world, call, {
    service: 'cloudidentity.googleapis.com',
    method: 'google.apps.cloudidentity.groups.v1.MembershipsService.SearchTransitiveGroups',
    scopes: SCOPES,
  });
  if ('status' in grant) return grant;
  const unknown = [...call.query.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    return invalidArgument(`Invalid JSON payload received. Unknown name "${unknown}".`);
  }
  const text = call.query.get('query') ?? '';
  const query = parseTransitiveGroupsQuery(text);
  if (query === undefined) return invalidArgument();
  const start = readPageToken(call.query.get('pageToken') ?? '', text);
  const size = readPageSize(call.query.get('pageSize') ?? '0');
  if (start === undefined || size === undefined) return invalidArgument();

  const found = findGroups(world, grant, query);
  if (found === undefined) {
    return apiError(
      403,
      'PERMISSION_DENIED',
      'Error(2028): Permission denied for resource groups/- (or it may not exist).',
    );
  }
  const page = found.slice(start, start + size);
  const next = start + size;
  const answer = selectFields(call.query, {
    // Google leaves empty lists out.
    ...(page.length === 0 ? {} : { memberships: page }),
    ...(next < found.length ? { nextPageToken: pageToken(next, text) } : {}),
  });
  return answer === undefined ? invalidArgument() : json(200, answer);
}

/** @returns undefined where the actor may not see all of them */
function findGroups(
  { directory }: World,
  { members }: AccessGrant,
  { member, label, customer }: TransitiveGroupsQuery,
): JsonObject[] | undefined {
  if (!members.some((actor) => directory.readers.has(actor))) return undefined;
  if (customer !== null && customer !== directory.customer) return undefined;
  const found = label === DISCUSSION_FORUM ? directory.groupsOf(member) : [];
  const own = found.filter(({ group }) => group.customer === directory.customer);
  if (customer === null && own.length < found.length) return undefined;
  return own.map(({ group, relation }) => ({
    groupKey: { id: group.email },
    group: group.resource,
    displayName: group.displayName,
    roles: [{ role: 'MEMBER' }],
    relationType: relation,
    labels: { [DISCUSSION_FORUM]: '' },
  }));
}

/** Larger ones are brought down, as AIP-158 says. */
function readPageSize(text: string): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text) || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
}

/** Bound to the query: with another one it is not valid (AIP-158). */
function pageToken(start: number, query: string): string {
  const digest = createHash('sha256').update(query).digest('base64url').slice(0, 16);
  return Buffer.from(`${start} ${digest}`).toString('base64url');
}

function readPageToken(token: string, query: string): number | undefined {
  if (token === '') return 0;
  const start = Number(Buffer.from(token, 'base64url').toString('utf8').split(' ')[0]);
  return pageToken(start, query) === token ? start : undefined;
}

function invalidArgument(message = 'Request contains an invalid argument.'): Reply {
  return apiError(400, 'INVALID_ARGUMENT', message);
}
