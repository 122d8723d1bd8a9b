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
import type { RequestFacts } from '../../src/core/request.ts';
import type { Continue, Outcome } from '../../src/core/stage.ts';
import { AUDIENCE, frozenClock, recordingLogger, serviceAccountKey, thrownBy } from './support.ts';

const HOST = 'tasks-123456789012.europe-west3.run.app';
const SERVICE = { name: 'tasks', host: HOST };
const allow: PolicyDecision = {
  outcome: 'allow',
  code: null,
  rule: 'readers',
  grant: null,
  policy_version: `sha256:${'0'.repeat(64)}`,
};
const allowed: RequestFacts = { headers: {}, handoff: { policy_decision: allow } };

const clock = frozenClock();
const folder = mkdtempSync(join(tmpdir(), 'cloud-run-'));
let google: Google;
let tokens: IdTokenCache;
let logger = recordingLogger();

beforeAll(async () => {
  google = await startGoogle({ clock });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await google.stop();
});
beforeEach(() => {
  google.recover();
  tokens = createIdTokenCache({ clock, random: () => 0 });
  logger = recordingLogger();
});

function stage(config: Record<string, unknown> = {}, environment: Record<string, string> = {}) {
  return createCloudRunStage(parseConfig(cloudRunFields, config), {
    clock,
    logger,
    tokens,
    environment: { GCE_METADATA_HOST: google.metadataHost, ...environment },
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
  it('is the decision and, without a configured audience, the service', () => {
    expect(stage().needs()).toEqual({
      attributes: ['service'],
      headers: [],
      handoff: ['policy_decision'],
    });
  });

  it('is the identity too where that is the verdict', () => {
    expect(stage({ require: 'identity', audience: AUDIENCE }).needs()).toEqual({
      attributes: [],
      headers: [],
      handoff: ['authenticated_identity', 'policy_decision'],
    });
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
    const outcome = await stage().run({ ...allowed, service: SERVICE });
    expect(tokenIn(outcome)).toMatchObject({
      aud: `https://${HOST}`,
      email: google.defaultServiceAccount,
    });
  });

  it('goes on with an ID token for the configured audience', async () => {
    const outcome = await stage({ audience: 'tasks-internal' }).run(allowed);
    expect(tokenIn(outcome).aud).toBe('tasks-internal');
  });

  it("sets the one header, which takes the place of the client's own, and nothing else", async () => {
    const outcome = admitted(await stage({ audience: AUDIENCE }).run(allowed));
    expect(Object.keys(outcome.secret_headers ?? {})).toEqual(['X-Serverless-Authorization']);
    expect(outcome.remove_headers ?? []).toEqual([]);
  });

  it('sets Authorization where that is the header', async () => {
    const outcome = await stage({ audience: AUDIENCE, header: 'Authorization' }).run(allowed);
    expect(tokenIn(outcome, 'Authorization').aud).toBe(AUDIENCE);
    expect(Object.keys(admitted(outcome).secret_headers ?? {})).toEqual(['Authorization']);
  });

  it('uses the network once, however many instances of the config there are', async () => {
    const before = calls();
    await Promise.all([1, 2, 3, 4].map(() => stage({ audience: AUDIENCE }).run(allowed)));
    await stage({ audience: AUDIENCE }).run(allowed);
    expect(calls()).toBe(before + 1);
  });

  it('is a malfunction where the service was not fetched', async () => {
    await expect(stage().run(allowed)).rejects.toThrow('"service" was not fetched');
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
          reason: 'HTTP 404',
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
    writeFileSync(path, JSON.stringify({ type: 'external_account' }));
    for (const make of [
      () => stage({ credentials: path }),
      () => stage({}, { GOOGLE_APPLICATION_CREDENTIALS: path }),
      () => stage({ credentials: '{"type":"external_account"}' }),
    ]) {
      const error = thrownBy(make);
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain('type external_account is not supported');
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
