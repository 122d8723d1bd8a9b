import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createAccounts, type ServiceAccountOptions } from './accounts.ts';
import { type Reply, readCall } from './call.ts';
import { type CloudRunServiceOptions, createCloudRunServices } from './cloud-run-services.ts';
import { createDirectory, type GroupOptions } from './directory.ts';
import { createEndpoints, endpointOf } from './endpoints.ts';
import { apiError, htmlError } from './errors.ts';
import { createFaults, ENDPOINTS, type Endpoint, type FaultRule } from './faults.ts';
import { close, listen, localUrl } from './listen.ts';
import { type ServiceAccountKeyFile, serviceAccountKeyFile } from './service-account-key.ts';
import { signIdToken } from './sign-id-token.ts';
import { createSigningKeys, type RotateOptions } from './signing-keys.ts';
import type { WorkloadIdentityProvider, World } from './world.ts';

export interface GoogleOptions {
  /** default 127.0.0.1 */
  host?: string;
  /** default 0: a free port */
  port?: number;
  /** where clients reach it, when that is not where it listens (a container's name) */
  publicUrl?: string;
  clock?: Clock;
  /** default `demo-project` */
  projectId?: string;
  /** the first is attached to the metadata server; default `gateway@<projectId>.iam.gserviceaccount.com` */
  serviceAccounts?: readonly ServiceAccountOptions[];
  workloadIdentityProviders?: readonly WorkloadIdentityProvider[];
  cloudRunServices?: readonly CloudRunServiceOptions[];
  /** who may read all of them; default is the account attached to the metadata server */
  cloudRunViewers?: readonly string[];
  groups?: readonly GroupOptions[];
  /** who has the admin role Groups Reader; default is the account attached to the metadata server */
  groupsReaders?: readonly string[];
  /** the Cloud Identity customer whose directory this is; default `C0demo123` */
  customer?: string;
  /** default 3600, as Google's */
  idTokenLifetimeSeconds?: number;
  /** of the certificates, default 21600 */
  certsMaxAgeSeconds?: number;
}

export interface Google {
  url: string;
  port: number;
  certsUrl: string;
  /** host:port, for GCE_METADATA_HOST */
  metadataHost: string;
  /** email of the account attached to the metadata server */
  defaultServiceAccount: string;
  /** @throws when there is no such account */
  serviceAccountKey(email: string): ServiceAccountKeyFile;
  /**
   * A token with Google's signature and any claims, for tests of whoever verifies one; null removes a
   * claim. @throws when there is no such account
   */
  idToken(email: string, audience: string, claims?: JsonObject): Promise<string>;
  rotateKeys(options?: RotateOptions): Promise<void>;
  /** adds a service, or puts it in the place of the one with its name */
  setCloudRunService(service: CloudRunServiceOptions): void;
  deleteCloudRunService(name: string): void;
  /** adds a group, or puts it in the place of the one with its email */
  setGroup(group: GroupOptions): void;
  deleteGroup(email: string): void;
  /** requests so far, by endpoint, failed ones too */
  calls(): Record<Endpoint, number>;
  fail(rule: FaultRule): void;
  /** drops every fault that is still pending */
  recover(): void;
  stop(): Promise<void>;
}

/**
 * Google as this project uses it, on one port of this machine: metadata server, OAuth token endpoint,
 * STS, IAM Credentials, certificates, Cloud Run Admin, Cloud Identity groups. For development and test only.
 *
 * @example
 * const google = await startGoogle();
 * process.env['GCE_METADATA_HOST'] = google.metadataHost;
 */
export async function startGoogle(options: GoogleOptions = {}): Promise<Google> {
  const { host = '127.0.0.1', clock = systemClock, projectId = 'demo-project' } = options;
  const accounts = createAccounts(
    options.serviceAccounts ?? [{ email: `gateway@${projectId}.iam.gserviceaccount.com` }],
  );
  const world: World = {
    clock,
    projectId,
    projectNumber: '123456789012',
    url: '',
    idTokenLifetimeSeconds: options.idTokenLifetimeSeconds ?? 3600,
    certsMaxAgeSeconds: options.certsMaxAgeSeconds ?? 21600,
    accounts,
    accessTokens: createAccessTokens(clock),
    signingKeys: await createSigningKeys(),
    providers: options.workloadIdentityProviders ?? [],
    cloudRun: createCloudRunServices(
      options.cloudRunServices ?? [],
      options.cloudRunViewers ?? [accounts.attached.email],
    ),
    directory: createDirectory(options.groups ?? [], {
      customer: options.customer ?? 'C0demo123',
      readers: options.groupsReaders ?? [accounts.attached.email],
    }),
  };
  const endpoints = createEndpoints(world);
  const faults = createFaults();
  const stopping = new AbortController();
  const counts = new Map<Endpoint, number>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    if (call === undefined) return send(response, htmlError(413, 'The request is too large.'));
    const endpoint = endpointOf(call);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    const fault = faults.take(endpoint);
    if (fault?.delay_ms !== undefined) {
      await delay(fault.delay_ms, undefined, { signal: stopping.signal });
    }
    if (fault?.reset === true) {
      request.socket.resetAndDestroy();
      return;
    }
    send(response, (fault && injected(fault)) ?? (await endpoints[endpoint](call)));
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (stopping.signal.aborted || request.destroyed) {
        response.destroy();
        return;
      }
      console.error('google stand-in:', error instanceof Error ? error.message : 'failed');
      send(response, apiError(500, 'INTERNAL', 'Internal error encountered.'));
    });
  });
  const port = await listen(server, host, options.port ?? 0);
  world.url = (options.publicUrl ?? localUrl(host, port)).replace(/\/$/, '');

  function account(email: string) {
    const found = accounts.find(email);
    if (found === undefined) throw new Error(`no such service account: ${email}`);
    return found;
  }

  return {
    url: world.url,
    port,
    certsUrl: `${world.url}/oauth2/v3/certs`,
    metadataHost: new URL(world.url).host,
    defaultServiceAccount: accounts.attached.email,
    serviceAccountKey: (email) => serviceAccountKeyFile(account(email), projectId, world.url),
    idToken: (email, audience, claims = {}) =>
      signIdToken(world, { account: account(email), audience, includeEmail: true, claims }),
    rotateKeys: (rotate) => world.signingKeys.rotate(rotate),
    setCloudRunService: (service) => world.cloudRun.set(service),
    deleteCloudRunService: (name) => world.cloudRun.delete(name),
    setGroup: (group) => world.directory.set(group),
    deleteGroup: (email) => world.directory.delete(email),
    calls: () =>
      Object.fromEntries(ENDPOINTS.map((name) => [name, counts.get(name) ?? 0])) as Record<
        Endpoint,
        number
      >,
    fail: (rule) => faults.add(rule),
    recover: () => faults.clear(),
    stop: async () => {
      stopping.abort();
      await close(server);
    },
  };
}

function injected(fault: FaultRule): Reply | undefined {
  if (fault.status === undefined && fault.body === undefined) return undefined;
  const status = fault.status ?? 200;
  const standard = apiError(status, 'UNAVAILABLE', 'The service is currently unavailable.');
  return {
    status,
    headers: { ...standard.headers, ...fault.headers },
    body: fault.body ?? standard.body,
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(reply.status, {
    'content-type': 'text/plain; charset=UTF-8',
    ...reply.headers,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}
