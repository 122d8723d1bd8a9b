import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { parseTransitiveGroupsQuery } from '../../../dev/google/transitive-groups-query.ts';

const LABEL = 'cloudidentity.googleapis.com/groups.discussion_forum';
const of = (member: string, more = '') =>
  `member_key_id == '${member}' && '${LABEL}' in labels${more}`;

let google: Google;
beforeAll(async () => {
  google = await startGoogle({
    groups: [
      { email: 'leads@example.com', displayName: 'QA leads', members: ['Alice@example.com'] },
      { email: 'qa@example.com', members: ['leads@example.com'] },
      { email: 'all@example.com', members: ['qa@example.com', 'leads@example.com'] },
      { email: 'circle@example.com', members: ['all@example.com', 'circle@example.com'] },
      { email: 'partners@other.example', customer: 'C0other', members: ['bob@example.com'] },
      { email: 'bobs@example.com', members: ['bob@example.com'] },
    ],
  });
});
afterAll(() => google.stop());

async function accessToken(query = ''): Promise<string> {
  const response = await fetch(
    `${google.url}/computeMetadata/v1/instance/service-accounts/default/token${query}`,
    { headers: { 'metadata-flavor': 'Google' } },
  );
  return ((await response.json()) as { access_token: string }).access_token;
}

interface Answer {
  memberships?: { groupKey: { id: string }; relationType: string }[];
  nextPageToken?: string;
  error?: { status: string };
}

async function search(parameters: Record<string, string>, token?: string) {
  const response = await fetch(
    `${google.url}/v1/groups/-/memberships:searchTransitiveGroups?${new URLSearchParams(parameters)}`,
    { headers: { authorization: `Bearer ${token ?? (await accessToken())}` } },
  );
  return { status: response.status, body: (await response.json()) as Answer };
}

const groupsIn = ({ memberships = [] }: Answer) => memberships.map(({ groupKey }) => groupKey.id);

describe('searchTransitiveGroups', () => {
  it('finds the groups of a member through any number of groups, and in a circle too', async () => {
    const { body } = await search({ query: of('ALICE@example.com') });
    expect(groupsIn(body).toSorted()).toEqual([
      'all@example.com',
      'circle@example.com',
      'leads@example.com',
      'qa@example.com',
    ]);
    expect(body.memberships).toContainEqual({
      groupKey: { id: 'leads@example.com' },
      group: expect.stringMatching(/^groups\/\w+$/),
      displayName: 'QA leads',
      roles: [{ role: 'MEMBER' }],
      relationType: 'DIRECT',
      labels: { [LABEL]: '' },
    });
  });

  it('answers with an empty object where there are none', async () => {
    expect((await search({ query: of('nobody@example.com') })).body).toEqual({});
    const security = `member_key_id == 'alice@example.com' && 'x/groups.security' in labels`;
    expect((await search({ query: security })).body).toEqual({});
  });

  it('gives pages, whose tokens hold for their query alone', async () => {
    const query = of('alice@example.com');
    const first = (await search({ query, pageSize: '3' })).body;
    const pageToken = first.nextPageToken ?? '';
    const second = (await search({ query, pageSize: '3', pageToken })).body;
    expect([groupsIn(first), groupsIn(second)].map((page) => page.length)).toEqual([3, 1]);
    expect(new Set([...groupsIn(first), ...groupsIn(second)]).size).toBe(4);
    expect(second).not.toHaveProperty('nextPageToken');
    const other = of('bob@example.com', " && parent == 'customers/C0demo123'");
    expect((await search({ query: other, pageToken })).status).toBe(400);
    expect((await search({ query, pageToken: 'made-up' })).status).toBe(400);
  });

  it('refuses the whole question where one group is of another customer', async () => {
    const { status, body } = await search({ query: of('bob@example.com') });
    expect(status).toBe(403);
    expect(body.error?.status).toBe('PERMISSION_DENIED');
  });

  it('counts only groups of the customer that is the parent', async () => {
    const own = of('bob@example.com', " && parent == 'customers/C0demo123'");
    expect(groupsIn((await search({ query: own })).body)).toEqual(['bobs@example.com']);
    const other = of('bob@example.com', " && parent == 'customers/C0other'");
    expect((await search({ query: other })).status).toBe(403);
  });

  it('needs the role, a token and a scope', async () => {
    const query = of('alice@example.com');
    expect((await search({ query }, 'ya29.made-up')).status).toBe(401);
    const scopes = '?scopes=https://www.googleapis.com/auth/devstorage.read_only';
    expect((await search({ query }, await accessToken(scopes))).status).toBe(403);
    const groups = '?scopes=https://www.googleapis.com/auth/cloud-identity.groups.readonly';
    expect((await search({ query }, await accessToken(groups))).status).toBe(200);
    const own = await startGoogle({ groupsReaders: [] });
    try {
      const token = await fetch(
        `${own.url}/computeMetadata/v1/instance/service-accounts/default/token`,
        { headers: { 'metadata-flavor': 'Google' } },
      );
      const { access_token } = (await token.json()) as { access_token: string };
      const response = await fetch(
        `${own.url}/v1/groups/-/memberships:searchTransitiveGroups?${new URLSearchParams({ query })}`,
        { headers: { authorization: `Bearer ${access_token}` } },
      );
      expect(response.status).toBe(403);
    } finally {
      await own.stop();
    }
  });

  it.each<[string, Record<string, string>]>([
    ['no query', {}],
    ['a parameter it does not know', { query: of('a@example.com'), q: 'x' }],
    ['a page size that is no number', { query: of('a@example.com'), pageSize: 'all' }],
    ['fields it cannot read', { query: of('a@example.com'), fields: 'memberships(' }],
  ])('answers 400 to %s', async (_, parameters) => {
    expect((await search(parameters)).status).toBe(400);
  });

  it('is asked by GET and for all groups, and answers 404 else', async () => {
    const path = `${google.url}/v1/groups/-/memberships:searchTransitiveGroups`;
    expect((await fetch(path, { method: 'POST' })).status).toBe(404);
    expect((await fetch(path.replace('/-/', '/01/'))).status).toBe(404);
  });

  it('follows a change', async () => {
    google.setGroup({ email: 'new@example.com', members: ['carol@example.com'] });
    expect(groupsIn((await search({ query: of('carol@example.com') })).body)).toEqual([
      'new@example.com',
    ]);
    google.deleteGroup('new@example.com');
    expect((await search({ query: of('carol@example.com') })).body).toEqual({});
  });
});

describe('the query', () => {
  it.each([
    `'l' in labels && member_key_id=='a@x'`,
    `member_key_id=="a@x"&&"l" in labels`,
    ` member_key_id\n==\t'a@x'  &&  'l'  in  labels `,
  ])('may be written %j', (query) => {
    expect(parseTransitiveGroupsQuery(query)).toEqual({
      member: 'a@x',
      label: 'l',
      customer: null,
    });
  });

  it('knows the escapes of CEL', () => {
    const query = String.raw`member_key_id == 'o\'brien\\@x' && 'l' in labels`;
    expect(parseTransitiveGroupsQuery(query)?.member).toBe("o'brien\\@x");
  });

  it.each([
    '',
    "member_key_id == 'a@x'",
    "'l' in labels",
    "member_key_id == 'o'brien@x' && 'l' in labels",
    "member_key_id == 'a@x' || 'l' in labels",
    "member_key_id == 'a@x' && 'l' in labels &&",
    "member_key_id == 'a@x' && 'l' in labels && 'm' in labels",
    "member_key_id == 'a@x' && member_key_id == 'b@x' && 'l' in labels",
    "member_key_id == 'a@x' && 'l' in labels) || (true",
    "member_key_id == 'a@x && 'l' in labels",
    "member_key_id != 'a@x' && 'l' in labels",
    "member_key_id == a && 'l' in labels",
    "member_key_id == 'a@x' && 'l' in other",
    "member_key_id == 'a@x' && 'l' in labels && parent == 'customers/my_customer'",
    String.raw`member_key_id == '\q' && 'l' in labels`,
  ])('is not %j', (query) => {
    expect(parseTransitiveGroupsQuery(query)).toBeUndefined();
  });
});
