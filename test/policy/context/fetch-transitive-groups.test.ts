import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { ContextError } from '../../../src/policy/context/context-error.ts';
import { fetchTransitiveGroups } from '../../../src/policy/context/fetch-transitive-groups.ts';
import type { GoogleApi } from '../../../src/policy/context/google-api.ts';
import { googleApi } from './google-api.ts';
import { inTime } from './support.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly';

let google: Google;
let api: GoogleApi;
beforeAll(async () => {
  google = await startGoogle({
    customer: 'C0demo123',
    groups: [
      { email: 'qa-leads@example.com', members: ['alice@example.com'] },
      { email: 'QA@example.com', members: ['qa-leads@example.com', 'bob@example.com'] },
      { email: 'everyone@example.com', members: ['qa@example.com', 'everyone@example.com'] },
      { email: 'partners@other.example', customer: 'C0other', members: ['bob@example.com'] },
      ...Array.from({ length: 1201 }, (_, index) => ({
        email: `group-${index}@example.com`,
        members: ['busy@example.com'],
      })),
    ],
  });
  api = googleApi(google, SCOPE);
});
beforeEach(() => google.recover());
afterAll(() => google.stop());

const read = (email: string, customer?: string) =>
  fetchTransitiveGroups(api, google.url, { email, customer }, inTime());

/** An API that gives these pages, the last one again and again. */
function paging(...pages: JsonObject[]): GoogleApi & { urls: string[] } {
  const urls: string[] = [];
  return {
    urls,
    get: async (url) => {
      urls.push(url);
      return { outcome: 'found', body: pages[Math.min(urls.length, pages.length) - 1] ?? {} };
    },
  };
}

const readOf = (...pages: JsonObject[]) =>
  fetchTransitiveGroups(
    paging(...pages),
    'https://x',
    { email: 'a@example.com', customer: undefined },
    inTime(),
  );

describe('the groups of a member', () => {
  it('are those it is in directly or through others, in lower case', async () => {
    expect((await read('alice@example.com')).toSorted()).toEqual([
      'everyone@example.com',
      'qa-leads@example.com',
      'qa@example.com',
    ]);
  });

  it('are none for a member of none', async () => {
    expect(await read('nobody@example.com')).toEqual([]);
  });

  it('are read to the last page', async () => {
    const before = google.calls().search_transitive_groups;
    expect(await read('busy@example.com')).toHaveLength(1201);
    expect(google.calls().search_transitive_groups - before).toBe(3);
  });

  it('cannot be told where one belongs to another customer, unless only those of one count', async () => {
    await expect(read('bob@example.com')).rejects.toMatchObject({
      concerns: 'question',
      message: expect.stringContaining('google_groups.customer'),
    });
    expect((await read('bob@example.com', 'C0demo123')).toSorted()).toEqual([
      'everyone@example.com',
      'qa@example.com',
    ]);
  });

  it('cannot be told without the admin role, and the error says which', async () => {
    const own = await startGoogle({ groupsReaders: [] });
    try {
      const member = { email: 'a@example.com', customer: undefined };
      await expect(
        fetchTransitiveGroups(googleApi(own, SCOPE), own.url, member, inTime()),
      ).rejects.toMatchObject({ message: expect.stringContaining('Groups Reader') });
    } finally {
      await own.stop();
    }
  });

  it('fail as a whole where a later page fails', async () => {
    const real = await read('busy@example.com');
    expect(real).toHaveLength(1201);
    google.fail({ endpoint: 'search_transitive_groups', delay_ms: 0 });
    google.fail({ endpoint: 'search_transitive_groups', status: 503 });
    await expect(read('busy@example.com')).rejects.toMatchObject({ message: 'HTTP 503' });
  });

  it('are counted once, and without those of a namespace', async () => {
    const key = (id: string, namespace?: string) => ({
      groupKey: namespace === undefined ? { id } : { id, namespace },
    });
    const first = { memberships: [key('A@x.com'), key('b@x.com', 'identitysources/1')] };
    expect(
      await readOf(
        { ...first, nextPageToken: 'p' },
        { memberships: [key('a@x.com'), key('c@x.com')] },
      ),
    ).toEqual(['a@x.com', 'c@x.com']);
  });

  it('are at most 10,000, and none rather than a part of them', async () => {
    await expect(readOf({ nextPageToken: 'again' })).rejects.toThrow('more than 10000 groups');
  });

  it.each<[string, JsonObject]>([
    ['no list', { memberships: {} }],
    ['no object in it', { memberships: ['a'] }],
    ['no key', { memberships: [{}] }],
    ['an empty id', { memberships: [{ groupKey: { id: '' } }] }],
    ['an id that is no string', { memberships: [{ groupKey: { id: 7 } }] }],
    ['an id that is too long', { memberships: [{ groupKey: { id: 'x'.repeat(513) } }] }],
    ['a page token that is no string', { nextPageToken: 7 }],
  ])('are not taken from an answer with %s', async (_, page) => {
    await expect(readOf(page)).rejects.toBeInstanceOf(ContextError);
  });

  it('are asked for with a query that is encoded as a whole', async () => {
    const pages = paging({});
    const member = { email: 'a+b@example.com', customer: undefined };
    await fetchTransitiveGroups(pages, 'https://x', member, inTime());
    const url = new URL(pages.urls[0] ?? '');
    expect(url.searchParams.get('query')).toContain("member_key_id == 'a+b@example.com' && ");
    expect([...url.searchParams.keys()]).toEqual(['query', 'pageSize', 'fields']);
  });
});
