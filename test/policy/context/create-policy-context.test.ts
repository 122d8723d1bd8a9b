import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { readCacheCounters } from '../../../src/core/cache-counters.ts';
import { ConfigError } from '../../../src/core/config-error.ts';
import type { Identity } from '../../../src/core/identity.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { type ContextConfig, contextFields } from '../../../src/policy/context/config.ts';
import {
  type ContextRegistry,
  createContextRegistry,
} from '../../../src/policy/context/create-context-registry.ts';
import { createPolicyContext } from '../../../src/policy/context/create-policy-context.ts';
import type { ContextSource } from '../../../src/policy/context-values.ts';
import { ALICE as SOMEBODY } from '../support.ts';
import { type FrozenClock, frozenClock, recordingLogger } from './support.ts';

const TASKS = 'projects/demo-project/locations/europe-west1/services/tasks';
const FACTS = {
  service: {
    name: 'tasks',
    host: 'tasks-123456789012.europe-west1.run.app',
    protocol: 'https',
  },
};
const BOTH = { cloud_run_labels: { service: TASKS }, google_groups: {} };

let google: Google;
let clock: FrozenClock;
let logger: ReturnType<typeof recordingLogger>;
let registry: ContextRegistry;

beforeEach(async () => {
  clock = frozenClock();
  logger = recordingLogger();
  google = await startGoogle({
    clock,
    cloudRunServices: [{ name: TASKS, labels: { env: 'staging' } }],
    groups: [
      { email: 'qa-leads@example.com', members: ['alice@example.com'] },
      { email: 'qa@example.com', members: ['qa-leads@example.com'] },
    ],
  });
  registry = createContextRegistry({
    clock,
    logger,
    random: () => 0,
    environment: {
      GCE_METADATA_HOST: google.metadataHost,
      CLOUD_RUN_API_ENDPOINT: google.url,
      CLOUD_IDENTITY_ENDPOINT: `${google.url}/`,
    },
  });
});
afterEach(() => google.stop());

function create(config: object, of = registry): ContextSource {
  const parsed: ContextConfig = contextFields.parse(config);
  return createPolicyContext(parsed, of);
}

const ALICE = named('alice@example.com');

function named(email: string | null, claims: JsonObject = { email_verified: true }): Identity {
  return { ...SOMEBODY, email, claims: { ...SOMEBODY.claims, email, ...claims } };
}
const counted = (cache: string) => ({ ...readCacheCounters().get(cache) });

describe('live context', () => {
  it('has the labels of the service and the groups of the identity, at once where they are known', async () => {
    const context = create(BOTH);
    const first = await context.look({}, ALICE);
    expect(first).toEqual({
      labels: new Map([['env', 'staging']]),
      groups: expect.arrayContaining(['qa-leads@example.com', 'qa@example.com']),
    });
    expect(context.look({}, ALICE)).toEqual(first);
    expect(google.calls()).toMatchObject({ get_service: 1, search_transitive_groups: 1 });
  });

  it('is shared by all instances of a process', async () => {
    await create(BOTH).look({}, ALICE);
    expect(create({ ...BOTH, cache_seconds: 10 }).look({}, ALICE)).not.toBeInstanceOf(Promise);
    expect(google.calls()).toMatchObject({ get_service: 1, search_transitive_groups: 1 });
  });

  it('is asked for once in a cold burst of 1,000', async () => {
    const context = create(BOTH);
    const emails = ['alice@example.com', 'Alice@Example.com', 'bob@example.com'];
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        context.look({}, named(emails[index % emails.length] ?? null)),
      ),
    );
    expect(google.calls()).toMatchObject({ get_service: 1, search_transitive_groups: 2 });
  });

  it('asks nobody where nothing is configured', () => {
    const context = create({});
    expect(context.needs).toEqual([]);
    expect(context.look({}, ALICE)).toEqual({ labels: new Map(), groups: [] });
  });

  it('follows a change within the time of the cache', async () => {
    const context = create(BOTH);
    await context.look({}, ALICE);
    google.setCloudRunService({ name: TASKS, labels: { env: 'production' } });
    google.setGroup({ email: 'qa-leads@example.com', members: [] });
    clock.advance(60);
    expect(await context.look({}, ALICE)).toEqual({
      labels: new Map([['env', 'production']]),
      groups: [],
    });
  });

  it('is counted', async () => {
    const before = [counted('context_labels'), counted('context_groups')];
    const context = create(BOTH);
    await context.look({}, ALICE);
    await context.look({}, ALICE);
    for (const [index, cache] of ['context_labels', 'context_groups'].entries()) {
      const { hit = 0, miss = 0 } = before[index] ?? {};
      expect(counted(cache)).toMatchObject({ hit: hit + 1, miss: miss + 1 });
    }
  });
});

describe('the labels', () => {
  it('are those of the service that the host of the Kong service tells', async () => {
    const context = create({ cloud_run_labels: {} });
    expect(context.needs).toEqual(['service']);
    expect(await context.look(FACTS, null)).toMatchObject({
      labels: new Map([['env', 'staging']]),
    });
  });

  it('cannot be had where the host does not tell it', () => {
    const context = create({ cloud_run_labels: {} });
    const facts = {
      service: {
        name: 'tasks',
        host: 'tasks-abcdefghij-ew.a.run.app',
        protocol: 'https',
      },
    };
    expect(() => context.look(facts, null)).toThrow('set context.cloud_run_labels.service');
  });

  it('are none where the service is gone', async () => {
    google.deleteCloudRunService(TASKS);
    expect(await create(BOTH).look({}, null)).toMatchObject({ labels: new Map() });
  });

  it('are unavailable without the permission, and the log says once what to grant', async () => {
    google.fail({ endpoint: 'get_service', status: 403, times: Number.POSITIVE_INFINITY });
    const context = create({ cloud_run_labels: { service: TASKS } });
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await context.look({}, null)).toHaveProperty('unavailable');
      clock.advance(5);
    }
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        message: 'labels of Cloud Run services cannot be read',
        fields: { service: TASKS, reason: expect.stringContaining('grant run.services.get') },
      },
    ]);
    google.recover();
    clock.advance(10);
    expect(await context.look({}, null)).toMatchObject({ labels: new Map([['env', 'staging']]) });
  });
});

describe('the groups', () => {
  it.each([
    ['no identity', null],
    ['an identity without an address', named(null)],
  ])('are none for %s, and Google is not asked', (_, identity) => {
    expect(create({ google_groups: {} }).look({}, identity)).toMatchObject({ groups: [] });
    expect(google.calls().search_transitive_groups).toBe(0);
  });

  it.each([
    ['says nothing of it', {}],
    ['says that it is not', { email_verified: false }],
    ['says so in a text', { email_verified: 'true' }],
  ])('are not known by an address that is not verified: the token %s', (_, claims) => {
    const identity = named('ceo@example.com', claims);
    for (const email of ['ceo@example.com', null]) {
      expect(create({ google_groups: {} }).look({}, { ...identity, email })).toEqual({
        unavailable: expect.stringContaining('verified'),
        retry_after_seconds: 60,
      });
    }
    expect(google.calls().search_transitive_groups).toBe(0);
  });

  it('are those of the named issuers alone', async () => {
    const mine = create({ google_groups: { issuers: [ALICE.issuer] } });
    const others = create({ google_groups: { issuers: ['https://other.example'] } });
    expect(await mine.look({}, ALICE)).toMatchObject({
      groups: expect.arrayContaining(['qa@example.com']),
    });
    expect(await others.look({}, ALICE)).toMatchObject({ groups: [] });
  });

  it.each(["x' || 'a' in labels || member_key_id == 'alice@example.com", "o'brien@example.com"])(
    'are not known for %j, and Google is not asked',
    (email) => {
      expect(create({ google_groups: {} }).look({}, named(email))).toEqual({
        unavailable: expect.not.stringContaining('example.com'),
        retry_after_seconds: 60,
      });
      expect(google.calls().search_transitive_groups).toBe(0);
    },
  );

  it('of one customer are not mistaken for those of all', async () => {
    await create({ google_groups: {} }).look({}, ALICE);
    await create({ google_groups: { customer: 'C0demo123' } }).look({}, ALICE);
    expect(google.calls().search_transitive_groups).toBe(2);
  });

  it('of one member that cannot be told leave the others alone', async () => {
    google.setGroup({
      email: 'partners@other.example',
      customer: 'C0other',
      members: ['bob@example.com'],
    });
    const context = create({ google_groups: {} });
    expect(await context.look({}, named('bob@example.com'))).toMatchObject({
      unavailable: expect.stringContaining('Groups Reader'),
    });
    expect(await context.look({}, ALICE)).toHaveProperty('groups');
    const customer = create({ google_groups: { customer: 'C0demo123' } });
    expect(await customer.look({}, named('bob@example.com'))).toMatchObject({ groups: [] });
  });
});

describe('an outage of Google', () => {
  const down = { endpoint: 'any', status: 503, times: Number.POSITIVE_INFINITY } as const;

  it('has what is known served on within the bound, then refuses, and ends by itself', async () => {
    const context = create(BOTH);
    const known = await context.look({}, ALICE);
    google.fail(down);
    clock.advance(60);
    expect(await context.look({}, ALICE)).toEqual(known);
    clock.advance(299);
    expect(context.look({}, ALICE)).toEqual(known);
    clock.advance(1);
    expect(await context.look({}, ALICE)).toEqual({
      unavailable: 'labels of Cloud Run services: HTTP 503; groups of members: HTTP 503',
      retry_after_seconds: 1,
    });
    google.recover();
    clock.advance(1);
    expect(await context.look({}, ALICE)).toEqual(known);
    expect(context.look({}, ALICE)).toEqual(known);
  });

  it.each([
    ['down', { reset: true }],
    ['rate-limited', { status: 429, headers: { 'retry-after': '30' } }],
    ['wrong', { body: '<html>' }],
  ])('that is %s refuses what is not known', async (_, fault) => {
    google.fail({
      endpoint: 'search_transitive_groups',
      times: Number.POSITIVE_INFINITY,
      ...fault,
    });
    expect(await create(BOTH).look({}, ALICE)).toMatchObject({
      unavailable: expect.stringMatching(/^groups of members: /),
      retry_after_seconds: 'status' in fault ? 30 : 1,
    });
  });

  it('that is slow does not keep a request longer than configured', async () => {
    google.fail({ endpoint: 'search_transitive_groups', delay_ms: 600_000 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const answer = create({ google_groups: {}, timeout_ms: 100 }).look({}, ALICE);
      await vi.advanceTimersByTimeAsync(100);
      expect(await answer).toEqual({
        unavailable: 'groups of members: no answer within 100 ms',
        retry_after_seconds: 1,
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it('is told without an address or a token', async () => {
    const context = create(BOTH);
    google.fail({ endpoint: 'any', status: 400, body: 'alice@example.com ya29.x', times: 9 });
    const answers = [await context.look({}, ALICE)];
    google.recover();
    google.fail({ endpoint: 'search_transitive_groups', body: '{"alice@example.com":', times: 9 });
    clock.advance(20);
    answers.push(await context.look({}, ALICE));
    const told = JSON.stringify([answers, logger.lines]);
    expect(logger.lines.length).toBeGreaterThan(0);
    expect(told).not.toMatch(/alice|ya29|example\.com/);
  });
});

describe('the environment', () => {
  const created = (environment: Record<string, string>) => () =>
    create(BOTH, createContextRegistry({ clock, logger, environment }));

  it.each(['CLOUD_RUN_API_ENDPOINT', 'CLOUD_IDENTITY_ENDPOINT'])(
    'may name another address in %s: https, or this machine',
    (variable) => {
      for (const url of ['https://run.example.internal', 'http://127.0.0.1:8085', '']) {
        expect(created({ [variable]: url })).not.toThrow();
      }
      const wrong = ['http://example.com', 'https://x/v2', 'https://x/?a', 'https://u@x', 'x'];
      for (const url of wrong) expect(created({ [variable]: url })).toThrow(ConfigError);
    },
  );

  it('must have credentials that can be used, where they are needed', () => {
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' };
    expect(created(environment)).toThrow(ConfigError);
    const idle = createContextRegistry({ clock, logger, environment });
    expect(() => create({}, idle)).not.toThrow();
  });
});
