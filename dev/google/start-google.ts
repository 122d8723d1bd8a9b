import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createAccounts, type ServiceAccountOptions } from './accounts.ts';
import { type AuthorizedUserFile, authorizedUserFile } from './authorized-user.ts';
import { canonicalError } from './canonical-error.ts';
import { type CloudRunServiceOptions, createCloudRunServices } from './cloud-run-services.ts';
import { createDirectory, type GroupOptions } from './directory.ts';
import { createEndpoints, endpointOf } from './endpoints.ts';
import { ENDPOINTS, type Endpoint, type FaultRule } from './faults.ts';
import { createFaultyServer } from './faulty-server.ts';
import { createLeftoverIdTokens } from './leftover-id-tokens.ts';
import { localUrl } from './listen.ts';
import { type ServiceAccountKeyFile, serviceAccountKeyFile } from './service-account-key.ts';
import { signIdToken } from './sign-id-token.ts';
import { createSigningKeys, type RotateOptions } from './signing-keys.ts';
import { createUsers, type UserOptions } from './users.ts';
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
  /** with refresh tokens of an OAuth client; default none. A user may be a token creator like an account */
  users?: readonly UserOptions[];
  workloadIdentityProviders?: readonly WorkloadIdentityProvider[];
  cloudRunServices?: readonly CloudRunServiceOptions[];
  /** who may read all of them; default is the account attached to the metadata server */
  cloudRunViewers?: readonly string[];
  /** who may call all of them, by a role on the project that no service's own policy shows; default nobody */
  cloudRunInvokers?: readonly string[];
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
   * Application Default Credentials of a user. They name no token endpoint, as gcloud's do not: a client
   * under test is told `${url}/token` by an option of its own. @throws when there is no such user
   */
  authorizedUser(email: string): AuthorizedUserFile;
  /** the user's refresh token is worth nothing from now on @throws when there is no such user */
  revokeUser(email: string): void;
  /**
   * A token with Google's signature and any claims, for tests of whoever verifies one; null removes a
   * claim. @throws when there is no such account
   */
  idToken(email: string, audience: string, claims?: JsonObject): Promise<string>;
  rotateKeys(options?: RotateOptions): Promise<void>;
  /**
   * The metadata server answers every request for an ID token with one that it has kept, and that has
   * this much life left, until that ends
   */
  leaveIdTokenLeftover(seconds: number): void;
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
  /** refuses connections until `comeUp()`, as a metadata server that has not started yet */
  goDown(): Promise<void>;
  /** on the same port as before */
  comeUp(): Promise<void>;
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
  const users = createUsers(options.users ?? []);
  const { idTokenLifetimeSeconds = 3600 } = options;
  const world: World = {
    clock,
    projectId,
    projectNumber: '123456789012',
    url: '',
    idTokenLifetimeSeconds,
    certsMaxAgeSeconds: options.certsMaxAgeSeconds ?? 21600,
    accounts,
    users,
    accessTokens: createAccessTokens(clock),
    signingKeys: await createSigningKeys(),
    leftoverIdTokens: createLeftoverIdTokens(clock, idTokenLifetimeSeconds),
    providers: options.workloadIdentityProviders ?? [],
    cloudRun: createCloudRunServices(options.cloudRunServices ?? [], {
      viewers: options.cloudRunViewers ?? [accounts.attached.email],
      invokers: options.cloudRunInvokers ?? [],
    }),
    directory: createDirectory(options.groups ?? [], {
      customer: options.customer ?? 'C0demo123',
      readers: options.groupsReaders ?? [accounts.attached.email],
    }),
  };
  const endpoints = createEndpoints(world);
  const server = createFaultyServer<Endpoint>({
    name: 'google stand-in',
    endpoints: ENDPOINTS,
    endpointOf,
    answer: (endpoint, call) => endpoints[endpoint](call),
    errorReply: (status, endpoint) => {
      const error = canonicalError(status);
      // Its clients take nobody for the metadata server who does not say so.
      return endpoint?.startsWith('metadata')
        ? { ...error, headers: { ...error.headers, 'metadata-flavor': 'Google' } }
        : error;
    },
  });
  const port = await server.listen(host, options.port ?? 0);
  world.url = (options.publicUrl ?? localUrl(host, port)).replace(/\/$/, '');

  function account(email: string) {
    const found = accounts.find(email);
    if (found === undefined) throw new Error(`no such service account: ${email}`);
    return found;
  }

  function user(email: string) {
    const found = users.find(email);
    if (found === undefined) throw new Error(`no such user: ${email}`);
    return found;
  }

  return {
    url: world.url,
    port,
    certsUrl: `${world.url}/oauth2/v3/certs`,
    metadataHost: new URL(world.url).host,
    defaultServiceAccount: accounts.attached.email,
    serviceAccountKey: (email) => serviceAccountKeyFile(account(email), projectId, world.url),
    authorizedUser: (email) => authorizedUserFile(user(email)),
    revokeUser: (email) => {
      user(email).revoked = true;
    },
    idToken: (email, audience, claims = {}) =>
      signIdToken(world, { account: account(email), audience, includeEmail: true, claims }),
    rotateKeys: (rotate) => world.signingKeys.rotate(rotate),
    leaveIdTokenLeftover: (seconds) => world.leftoverIdTokens.leave(seconds),
    setCloudRunService: (service) => world.cloudRun.set(service),
    deleteCloudRunService: (name) => world.cloudRun.delete(name),
    setGroup: (group) => world.directory.set(group),
    deleteGroup: (email) => world.directory.delete(email),
    calls: server.calls,
    fail: server.fail,
    recover: server.recover,
    goDown: server.goDown,
    comeUp: server.comeUp,
    stop: server.stop,
  };
}
