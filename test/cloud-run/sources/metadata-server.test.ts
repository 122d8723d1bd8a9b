import { execFile } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { faultPresets } from '../../../dev/google/fault-presets.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';
import { createMetadataServerSource } from '../../../src/cloud-run/sources/metadata-server.ts';
import { ConfigError } from '../../../src/core/config-error.ts';
import { failureReason } from '../../../src/core/google/failure-reason.ts';
import { AUDIENCE } from '../support.ts';

const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;

let google: Google;
let before: number;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  google = await startGoogle();
});
beforeEach(() => {
  google.recover();
  before = google.calls().metadata_identity;
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
afterAll(async () => {
  await google.stop();
});

/** Requests for an ID token in this test. */
const calls = () => google.calls().metadata_identity - before;

/** Some other server on the address. */
async function impostor(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const inTime = () => AbortSignal.timeout(5000);
const sourceAt = (host: string) => createMetadataServerSource({ GCE_METADATA_HOST: host });
const reasonOf = (promise: Promise<string>) => promise.then(() => 'no failure', failureReason);

describe('the metadata server as a source', () => {
  it('gives an ID token of the attached account in the full format', async () => {
    const token = await sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime());
    expect(decodeJwt(token)).toMatchObject({ aud: AUDIENCE, email: google.defaultServiceAccount });
  });

  it.each(['https://x.example.com/?a=1&format=standard#f', 'tasks & more+ümlaut', '//a b'])(
    'asks for the audience %s exactly',
    async (audience) => {
      const token = await sourceAt(google.metadataHost).fetchIdToken(audience, inTime());
      expect(decodeJwt(token).aud).toBe(audience);
    },
  );

  it('tries again after a passing fault', async () => {
    google.fail({ endpoint: 'metadata_identity', status: 503 });
    const token = await sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime());
    expect(decodeJwt(token).aud).toBe(AUDIENCE);
    expect(calls()).toBe(2);
  });

  it('gives up on a lasting fault after three calls', async () => {
    google.fail({ endpoint: 'metadata_identity', status: 500, body: 'secret', times: 100 });
    expect(await reasonOf(sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime()))).toBe(
      'HTTP 500',
    );
    expect(calls()).toBe(3);
  });

  it('does not repeat a request that was refused', async () => {
    google.fail({ endpoint: 'metadata_identity', status: 404, times: 100 });
    expect(await reasonOf(sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime()))).toMatch(
      /^HTTP 404: /,
    );
    expect(calls()).toBe(1);
  });

  it.each([
    [faultPresets.gkeNotAnnotated(), 'iam.gke.io/gcp-service-account'],
    [faultPresets.gkeNotBound('metadata_identity'), 'roles/iam.workloadIdentityUser'],
  ])('tells what Workload Identity on GKE lacks: $status', async (fault, remedy) => {
    google.fail(fault);
    const reason = await reasonOf(sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime()));
    expect(reason).toContain(remedy);
    expect(reason).not.toContain('kong/gateway');
  });

  it('stops waiting when the signal says so', async () => {
    google.fail({ endpoint: 'metadata_identity', delay_ms: 60_000, times: 100 });
    const started = performance.now();
    const signal = AbortSignal.timeout(100);
    expect(await reasonOf(sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, signal))).toBe(
      'no complete answer in time',
    );
    expect(performance.now() - started).toBeLessThan(3000);
    expect(calls()).toBe(1);
  });

  it('does not take a token from a server that is no metadata server', async () => {
    const host = await impostor((_, response) => response.end('a.b.c'));
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, inTime()))).toBe(
      'the answer does not come from a metadata server of Google',
    );
  });

  it('is asked directly where the environment names a proxy', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
    stops.push(async () => vi.unstubAllEnvs());
    const token = await sourceAt(google.metadataHost).fetchIdToken(AUDIENCE, inTime());
    expect(decodeJwt(token).aud).toBe(AUDIENCE);
  });

  it('prints no token where the library is told to log, unlike the library itself', async () => {
    // A process of its own, because the library looks at the variable once and writes past any spy.
    const program = `
      const { gcpMetadata } = await import('google-auth-library');
      const { createMetadataServerSource } = await import('./src/cloud-run/sources/metadata-server.ts');
      await createMetadataServerSource(process.env).fetchIdToken('ours', AbortSignal.timeout(5000));
      console.error('-- the library --');
      await gcpMetadata.instance({
        property: 'service-accounts/default/identity', params: { audience: 'theirs' },
      });`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      {
        env: {
          ...process.env,
          GOOGLE_SDK_NODE_LOGGING: '*',
          GCE_METADATA_HOST: google.metadataHost,
        },
        timeout: 20_000,
      },
    );
    const [ours, theirs] = stderr.split('-- the library --');
    expect(ours).not.toMatch(TOKEN);
    expect(stdout).not.toMatch(TOKEN);
    expect(theirs).toMatch(TOKEN);
  }, 30_000);

  it('does not follow a redirect', async () => {
    const host = await impostor((request, response) => {
      response.writeHead(302, { location: `http://${google.metadataHost}${request.url}` }).end();
    });
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, inTime()))).toBe(
      'the answer does not come from a metadata server of Google',
    );
    expect(calls()).toBe(0);
  });

  it('does not read an endless answer to the end of its time', async () => {
    const host = await impostor((_, response) => {
      response.setHeader('Metadata-Flavor', 'Google');
      const chunk = 'x'.repeat(65536);
      const write = () => {
        if (!response.destroyed) response.write(chunk, write);
      };
      write();
    });
    const signal = AbortSignal.timeout(10_000);
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, signal))).toBe(
      'the answer is too large',
    );
    expect(signal.aborted).toBe(false);
  });

  it('does not read an answer of an announced length beyond 64 KiB', async () => {
    const host = await impostor((_, response) => {
      response.setHeader('Metadata-Flavor', 'Google');
      response.end('x'.repeat(65_537));
    });
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, inTime()))).toBe(
      'the answer is too large',
    );
  });

  it('does not wait for the end of an answer that stops half-way', async () => {
    const host = await impostor((_, response) => {
      response.setHeader('Metadata-Flavor', 'Google');
      response.write('eyJ');
    });
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, AbortSignal.timeout(100)))).toBe(
      'no complete answer in time',
    );
  });

  it('names the error code where nobody listens', async () => {
    const host = await impostor(() => {});
    await Promise.all(stops.splice(0).map((stop) => stop()));
    expect(await reasonOf(sourceAt(host).fetchIdToken(AUDIENCE, inTime()))).toBe('ECONNREFUSED');
  });

  it('is refused at construction where GCE_METADATA_HOST names no host', () => {
    expect(() => sourceAt('no host')).toThrow(ConfigError);
  });
});
