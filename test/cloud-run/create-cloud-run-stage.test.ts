import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../dev/google/start-google.ts';
import { cloudRunFields } from '../../src/cloud-run/config.ts';
import { createCloudRunStage } from '../../src/cloud-run/create-cloud-run-stage.ts';
import { createIdTokenCache, type IdTokenCache } from '../../src/cloud-run/id-token-cache.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { ConfigError } from '../../src/core/config-error.ts';
import type { PolicyDecision } from '../../src/core/decision.ts';
import { createAccessTokens } from '../../src/core/google/access-tokens.ts';
import { createLocalSharedState } from '../../src/core/local-shared-state.ts';
import type { RequestFacts } from '../../src/core/request.ts';
import type { Continue, Outcome, Stage } from '../../src/core/stage.ts';
import { AUDIENCE, frozenClock, recordingLogger, serviceAccountKey, thrownBy } from './support.ts';

const HOST = 'tasks-123456789012.europe-west3.run.app';
const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const READER = 'reader@demo-project.iam.gserviceaccount.com';
const RERUNNER = 'rerunner@demo-project.iam.gserviceaccount.com';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SERVICE = { name: 'tasks', host: HOST, protocol: 'https' };
const allow: PolicyDecision = {
  outcome: 'allow',
  code: null,
  rule: 'readers',
  grant: null,
  policy_version: `sha256:${'0'.repeat(64)}`,
};
const allowed: RequestFacts = {
  headers: {},
  handoff: { policy_decision: allow },
  service: SERVICE,
  preserved_host: 'none',
};

const clock = frozenClock();
const folder = mkdtempSync(join(tmpdir(), 'cloud-run-'));
let google: Google;
let tokens: IdTokenCache;
let logger = recordingLogger();

beforeAll(async () => {
  google = await startGoogle({
    clock,
    serviceAccounts: [
      { email: GATEWAY },
      { email: READER, tokenCreators: [GATEWAY] },
      { email: RERUNNER, tokenCreators: [READER] },
    ],
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await google.stop();
});
beforeEach(() => {
  google.recover();
  tokens = createIdTokenCache({ clock, state: createLocalSharedState({ clock }), random: () => 0 });
  logger = recordingLogger();
});

function stage(config: Record<string, unknown> = {}, environment: Record<string, string> = {}) {
  return createCloudRunStage(parseConfig(cloudRunFields, config), {
    clock,
    logger,
    tokens,
    accessTokens: createAccessTokens({ clock }),
    createTraceId: () => TRACE_ID,
    environment: {
      GCE_METADATA_HOST: google.metadataHost,
      IAM_CREDENTIALS_ENDPOINT: google.url,
      ...environment,
    },
  });
}

function calls(): number {
  return google.calls().metadata_identity + google.calls().oauth_token;
}

function admitted(outcome: Outcome): Continue {
  if (outcome.outcome !== 'continue') throw new Error(`refused: ${JSON.stringify(outcome)}`);
  return outcome;
}

function tokenIn(outcome: Outcome, header = 'X-Serverless-Authorization') {
  const value = admitted(outcome).secret_headers?.[header] ?? '';
  expect(value).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  return decodeJwt(value.slice('Bearer '.length));
}

describe('what the stage reads', () => {
  it('is the decision, the service and the trace', () => {
    expect(stage().needs()).toEqual({
      attributes: ['service', 'preserved_host', 'traceparent', 'cloud_trace_context'],
      headers: [],
      handoff: ['policy_decision'],
    });
  });

  it('is no trace where that is not propagated', () => {
    expect(stage({ propagate_trace: false }).needs().attributes).toEqual([
      'service',
      'preserved_host',
    ]);
  });

  it('is the identity too where that is the verdict', () => {
    expect(stage({ require: 'identity', audience: AUDIENCE }).needs().handoff).toEqual([
      'authenticated_identity',
      'policy_decision',
    ]);
  });
});

describe('a request without verdict', () => {
  it.each([
    ['nothing at all', {}],
    ['an empty handoff', { handoff: {} }],
    ['a denial', { handoff: { policy_decision: { ...allow, outcome: 'deny' as const } } }],
    [
      'an identity alone',
      { handoff: { authenticated_identity: { outcome: 'anonymous' as const } } },
    ],
  ])('gets no token: %s', async (_, facts) => {
    const before = calls();
    expect(await stage({ audience: AUDIENCE }).run(facts)).toMatchObject({
      outcome: 'refuse',
      refusal: { code: 'verdict_missing' },
    });
    expect(calls()).toBe(before);
  });

  it('is told so before anything is said of the audience', async () => {
    expect(await stage().run({ handoff: {} })).toMatchObject({
      refusal: { code: 'verdict_missing' },
    });
  });
});

describe('a request with its verdict', () => {
  it('goes on with an ID token for the host of the service', async () => {
    const outcome = await stage().run(allowed);
    expect(tokenIn(outcome)).toMatchObject({
      aud: `https://${HOST}`,
      email: google.defaultServiceAccount,
    });
  });

  it('goes on with an ID token for the configured audience', async () => {
    const outcome = await stage({ audience: 'tasks-internal' }).run(allowed);
    expect(tokenIn(outcome).aud).toBe('tasks-internal');
  });

  it("sets the one secret header, which takes the place of the client's own", async () => {
    const outcome = admitted(await stage({ audience: AUDIENCE }).run(allowed));
    expect(Object.keys(outcome.secret_headers ?? {})).toEqual(['X-Serverless-Authorization']);
    expect(outcome.remove_headers ?? []).toEqual([]);
  });

  it.each([
    [HOST, { Host: HOST }],
    ['TASKS-abc-EW.A.run.app.', { Host: 'tasks-abc-ew.a.run.app' }],
    ['tasks.example.com', {}],
    ['run.app.example.com', {}],
    ['10.0.0.7', {}],
  ])('has the Host by which Google finds the service %s', async (host, headers) => {
    const subject = stage({ audience: AUDIENCE, propagate_trace: false });
    const outcome = admitted(await subject.run({ ...allowed, service: { ...SERVICE, host } }));
    expect(outcome.set_headers).toEqual(headers);
  });

  it('sets Authorization where that is the header', async () => {
    const outcome = await stage({ audience: AUDIENCE, header: 'Authorization' }).run(allowed);
    expect(tokenIn(outcome, 'Authorization').aud).toBe(AUDIENCE);
    expect(Object.keys(admitted(outcome).secret_headers ?? {})).toEqual(['Authorization']);
  });

  it('sets Proxy-Authorization where Identity-Aware Proxy is to read it', async () => {
    const audience = '123-abc.apps.googleusercontent.com';
    const outcome = await stage({ audience, header: 'Proxy-Authorization' }).run(allowed);
    expect(tokenIn(outcome, 'Proxy-Authorization').aud).toBe(audience);
  });

  it.each([
    [{ protocol: 'http' }, {}],
    [{ protocol: 'tcp', host: 'lb.internal' }, {}],
    [{ host: 'api.example.com' }, { preserved_host: 'any' as const }],
  ])('gets no token for a service that it should not be sent to: %j %j', async (changes, facts) => {
    const before = calls();
    const service = { ...SERVICE, ...changes };
    expect(await stage().run({ ...allowed, ...facts, service })).toMatchObject({
      refusal: { code: 'invalid_config' },
    });
    expect(calls()).toBe(before);
  });

  it.each([
    [{ protocol: 'http' }, {}, { allow_http: true }],
    [{ protocol: 'http', host: '127.0.0.1' }, {}, {}],
    [{ protocol: 'grpcs' }, { preserved_host: 'any' as const }, {}],
    [{ host: 'api.example.com' }, { preserved_host: 'named' as const }, {}],
  ])('gets one for %j %j with %j', async (changes, facts, config) => {
    const service = { ...SERVICE, ...changes };
    const subject = stage({ audience: AUDIENCE, ...config });
    expect(tokenIn(await subject.run({ ...allowed, ...facts, service })).aud).toBe(AUDIENCE);
  });

  it('goes on in the trace that it came in', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const outcome = admitted(await stage().run({ ...allowed, traceparent }));
    expect(outcome.set_headers).toMatchObject({
      'X-Cloud-Trace-Context': '4bf92f3577b34da6a3ce929d0e0e4736/67667974448284343;o=1',
    });
    const untraced = admitted(await stage().run({ ...allowed, traceparent: '' }));
    expect(untraced.set_headers).toMatchObject({ 'X-Cloud-Trace-Context': `${TRACE_ID}/1` });
  });

  it('uses the network once, however many instances of the config there are', async () => {
    const before = calls();
    await Promise.all([1, 2, 3, 4].map(() => stage({ audience: AUDIENCE }).run(allowed)));
    await stage({ audience: AUDIENCE }).run(allowed);
    expect(calls()).toBe(before + 1);
  });

  it('is a malfunction where the service was not fetched', async () => {
    const { service: _, ...facts } = allowed;
    await expect(stage().run(facts)).rejects.toThrow('"service" was not fetched');
  });

  it('is refused with 503 and Retry-After where Google does not answer, which is logged once', async () => {
    google.fail({ endpoint: 'metadata_identity', status: 404, body: 'a.secret.body', times: 99 });
    const subject = stage({ audience: AUDIENCE });
    for (let request = 0; request < 3; request += 1) {
      expect(await subject.run(allowed)).toEqual({
        outcome: 'refuse',
        refusal: { code: 'id_token_unavailable', retry_after_seconds: 1 },
      });
    }
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: 'no ID token can be had; requests are refused',
        fields: {
          account: 'default account of the metadata server',
          audience: AUDIENCE,
          reason: expect.stringMatching(/^HTTP 404: /),
        },
      },
    ]);
  });

  it('is refused where Google answers with something that is no token, of which nothing is logged', async () => {
    google.fail({
      endpoint: 'metadata_identity',
      body: 'secret',
      headers: { 'Metadata-Flavor': 'Google' },
    });
    expect(await stage({ audience: AUDIENCE }).run(allowed)).toMatchObject({
      refusal: { code: 'id_token_unavailable' },
    });
    expect(logger.lines[0]?.fields.reason).toBe('the answer is not an ID token');
    expect(JSON.stringify(logger.lines)).not.toContain('secret');
  });
});

describe('the account', () => {
  const runAs = (run_as: string): RequestFacts => ({
    ...allowed,
    handoff: { policy_decision: { ...allow, run_as } },
  });

  it('is the one that the route impersonates', async () => {
    const outcome = await stage({ service_account: READER }).run(allowed);
    expect(tokenIn(outcome)).toMatchObject({ aud: `https://${HOST}`, email: READER });
  });

  it('is reached through delegates', async () => {
    const subject = stage({ service_account: RERUNNER, delegates: [READER] });
    expect(tokenIn(await subject.run(allowed)).email).toBe(RERUNNER);
  });

  it('is the one that the deciding rule names, where the route allows that', async () => {
    const subject = stage({ allowed_service_accounts: [READER] });
    expect(tokenIn(await subject.run(runAs(READER))).email).toBe(READER);
    expect(tokenIn(await subject.run(allowed)).email).toBe(GATEWAY);
  });

  it('that the route impersonates may be named by a rule too', async () => {
    const subject = stage({ service_account: READER });
    expect(tokenIn(await subject.run(runAs(READER))).email).toBe(READER);
  });

  it.each([{}, { allowed_service_accounts: [READER] }, { service_account: READER }])(
    'that a rule names and the route does not allow gets no token: %j',
    async (config) => {
      const before = google.calls();
      expect(await stage(config).run(runAs(RERUNNER))).toMatchObject({
        outcome: 'refuse',
        refusal: { code: 'invalid_config' },
      });
      expect(google.calls()).toEqual(before);
    },
  );

  it('that may not be impersonated is unavailable, and the log says what to grant', async () => {
    expect(await stage({ service_account: RERUNNER }).run(allowed)).toMatchObject({
      refusal: { code: 'id_token_unavailable' },
    });
    expect(logger.lines[0]?.fields).toMatchObject({
      account: RERUNNER,
      reason: expect.stringContaining('roles/iam.serviceAccountOpenIdTokenCreator'),
    });
  });

  it('cannot be led to by delegates alone', () => {
    expect(() => stage({ delegates: [READER] })).toThrow(ConfigError);
  });
});

describe('a response', () => {
  const REFUSED = {
    status: 401,
    headers: {
      'www-authenticate':
        'Bearer error="invalid_token" error_description="The access token could not be verified"',
    },
  } as const;

  async function secondToken(response: Parameters<NonNullable<Stage['afterwards']>['hear']>[0]) {
    const subject = stage();
    const first = await subject.run(allowed);
    clock.advance(60_000);
    subject.afterwards?.hear(response, allowed);
    return { first, second: await subject.run(allowed) };
  }

  it("in which Google's front end does not take the token makes the next request mint anew", async () => {
    const { first, second } = await secondToken(REFUSED);
    expect(tokenIn(second).iat).toBe(Number(tokenIn(first).iat) + 60);
  });

  it.each([
    { ...REFUSED, headers: { 'www-authenticate': 'Bearer realm="the app"' } },
    { ...REFUSED, status: 403 },
  ])('of another kind does not: %j', async (response) => {
    const { first, second } = await secondToken(response);
    expect(second).toEqual(first);
  });

  it('concerns the stage only where it is a 401', () => {
    const { afterwards } = stage();
    expect([200, 401, 403, 503].map((status) => afterwards?.concerns({ status }))).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });
});

describe('before the first request', () => {
  it('the token of a route can be minted', async () => {
    const subject = stage();
    const before = calls();
    await subject.warm?.({ host: HOST });
    expect(calls()).toBe(before + 1);
    await subject.run(allowed);
    expect(calls()).toBe(before + 1);
  });
});

describe('the credentials', () => {
  const key = () => JSON.stringify(google.serviceAccountKey(google.defaultServiceAccount));

  async function usesKey(subject: ReturnType<typeof stage>): Promise<void> {
    const before = google.calls();
    const outcome = await subject.run(allowed);
    expect(tokenIn(outcome)).toMatchObject({ aud: AUDIENCE, azp: google.defaultServiceAccount });
    expect(google.calls().oauth_token).toBe(before.oauth_token + 1);
    expect(google.calls().metadata_identity).toBe(before.metadata_identity);
  }

  it('may be the JSON text of a service account key', async () => {
    await usesKey(stage({ audience: AUDIENCE, credentials: key() }));
  });

  it('may be a file, read once', async () => {
    const path = join(folder, 'key.json');
    writeFileSync(path, key());
    const subject = stage({ audience: AUDIENCE, credentials: path });
    rmSync(path);
    await usesKey(subject);
  });

  it('come from GOOGLE_APPLICATION_CREDENTIALS where none are configured', async () => {
    const path = join(folder, 'default.json');
    writeFileSync(path, key());
    await usesKey(stage({ audience: AUDIENCE }, { GOOGLE_APPLICATION_CREDENTIALS: path }));
  });

  it('that are configured win over GOOGLE_APPLICATION_CREDENTIALS', async () => {
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'missing.json') };
    await usesKey(stage({ audience: AUDIENCE, credentials: key() }, environment));
  });

  it('are refused at construction where GOOGLE_APPLICATION_CREDENTIALS names no file', () => {
    const path = join(folder, 'missing.json');
    expect(() => stage({}, { GOOGLE_APPLICATION_CREDENTIALS: path })).toThrow(
      new ConfigError([`GOOGLE_APPLICATION_CREDENTIALS (file ${path}): cannot be read: ENOENT`]),
    );
  });

  it('are refused at construction where their type is not supported', () => {
    const path = join(folder, 'federation.json');
    writeFileSync(path, JSON.stringify({ type: 'gdch_service_account' }));
    for (const make of [
      () => stage({ credentials: path }),
      () => stage({}, { GOOGLE_APPLICATION_CREDENTIALS: path }),
      () => stage({ credentials: '{"type":"gdch_service_account"}' }),
    ]) {
      const error = thrownBy(make);
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain('type gdch_service_account is not supported');
    }
  });

  it('with an unusable private key are refused at construction, unquoted', () => {
    const credentials = JSON.stringify(serviceAccountKey({ private_key: 'my secret' }));
    const error = thrownBy(() => stage({ credentials }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('private_key must be');
    expect(String(error)).not.toContain('my secret');
  });
});
