import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { ConfigError } from '../../../src/core/config-error.ts';
import { createAccessTokens } from '../../../src/core/google/access-tokens.ts';
import { createAccessTokenSource } from '../../../src/core/google/create-access-token-source.ts';
import { findCredentials } from '../../../src/core/google/credentials/find-credentials.ts';
import type { Environment } from '../../../src/core/google/environment.ts';
import { failureReason } from '../../../src/core/google/failure-reason.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { frozenClock, inTime, NOW } from '../../policy/context/support.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

const clock = frozenClock();
let google: Google;
let folder: string;
beforeAll(async () => {
  google = await startGoogle({ clock });
  folder = mkdtempSync(join(tmpdir(), 'context-'));
});
beforeEach(() => google.recover());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await google.stop();
});

function keyFile(changes: JsonObject = {}): string {
  const file = join(folder, 'key.json');
  const key = { ...google.serviceAccountKey(google.defaultServiceAccount), ...changes };
  writeFileSync(file, JSON.stringify(key));
  return file;
}

function sourceIn(environment: Environment) {
  const { credentials } = findCredentials(undefined, environment);
  return createAccessTokenSource(credentials, {
    clock,
    environment,
    tokens: createAccessTokens({ clock }),
  });
}

const byKey = (changes?: JsonObject) =>
  sourceIn({ GOOGLE_APPLICATION_CREDENTIALS: keyFile(changes) });
const byMetadata = (host = google.metadataHost) => sourceIn({ GCE_METADATA_HOST: host });

describe.each([
  ['a service account key', byKey, 'oauth_token'],
  ['the metadata server', byMetadata, 'metadata_token'],
] as const)('%s', (_, create, endpoint) => {
  it('gives an access token and its time', async () => {
    expect(await create().fetchAccessToken(SCOPE, inTime())).toEqual({
      text: expect.stringMatching(/^ya29\./),
      expires_at_ms: NOW + 3_599_000,
    });
  });

  it.each([
    '{}',
    '[]',
    'null',
    '"x"',
    '{"access_token":"a b","expires_in":1}',
    '{"access_token":"a"}',
  ])('is not believed where it says %s', async (body) => {
    google.fail({
      endpoint,
      body,
      headers: { 'metadata-flavor': 'Google', 'content-type': 'application/json' },
    });
    const reason = await create().fetchAccessToken(SCOPE, inTime()).catch(failureReason);
    expect(reason).toMatch(/^the answer is not (an access|a) token$/);
  });

  it('is tried again twice in a passing fault', async () => {
    google.fail({ endpoint, status: 503, times: 2 });
    expect(await create().fetchAccessToken(SCOPE, inTime())).toHaveProperty('text');
  });

  it('tells no more of a failure than its status', async () => {
    google.fail({
      endpoint,
      status: 400,
      body: '{"error":"invalid_grant","error_description":"ya29.secret"}',
    });
    const reason = await create().fetchAccessToken(SCOPE, inTime()).catch(failureReason);
    expect(reason).toMatch(/^HTTP 400( invalid_grant)?$/);
    expect(reason).not.toContain('ya29');
  });
});

describe('the metadata server', () => {
  it('is not taken for one without its header', async () => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"access_token":"a","expires_in":60}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const reason = await byMetadata(`127.0.0.1:${port}`)
      .fetchAccessToken(SCOPE, inTime())
      .catch(failureReason);
    expect(reason).toBe('the answer does not come from a metadata server of Google');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('must have a name that is a host', () => {
    expect(() => byMetadata('not a host')).toThrow(ConfigError);
  });
});

describe('a key file', () => {
  it('is told apart from another of the same account, without telling the key', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(byKey().credential).toBe(byKey().credential);
    expect(byKey({ private_key: other }).credential).not.toBe(byKey().credential);
    expect(byKey().credential).toMatch(/^key:[0-9a-f]{64}$/);
  });

  it.each<[string, JsonObject]>([
    ['another type', { type: 'gdch_service_account' }],
    ['no key', { private_key: 'not a key' }],
    ['no address', { client_email: 'x' }],
    ['a token endpoint without TLS', { token_uri: 'http://example.com/token' }],
  ])('with %s is refused, without a word of it', (_, changes) => {
    expect(() => byKey(changes)).toThrow(ConfigError);
    expect(() => byKey(changes)).not.toThrow(/BEGIN|not a key/);
  });

  it('that is not there is refused', () => {
    expect(() => sourceIn({ GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' })).toThrow('ENOENT');
  });
});
