import type { Clock } from '../../core/clock.ts';
import { type AccessTokenSource, CLOUD_PLATFORM } from '../../core/google/access-token-source.ts';
import { createAccessTokens } from '../../core/google/access-tokens.ts';
import type { Caller } from '../../core/google/authorized-request.ts';
import { createAccessTokenSource } from '../../core/google/create-access-token-source.ts';
import { findCredentials } from '../../core/google/credentials/find-credentials.ts';
import { type Environment, endpointOf } from '../../core/google/environment.ts';
import type { Logger } from '../../core/logger.ts';
import { ContextError } from './context-error.ts';
import { fetchServiceLabels, type Labels } from './fetch-service-labels.ts';
import { fetchTransitiveGroups, type Member } from './fetch-transitive-groups.ts';
import { createGoogleApi } from './google-api.ts';
import { createLiveCache, type LiveCache } from './live-cache.ts';

/** What is known of services and groups, for the whole process: Kong starts many instances of one plugin config. */
export interface ContextRegistry {
  /**
   * Takes credentials and endpoints from the environment, anew for each instance.
   *
   * @throws ConfigError where they cannot be used
   */
  connect(): void;
  /** By resource name. */
  readonly labels: LiveCache<string, Labels>;
  readonly groups: LiveCache<Member, readonly string[]>;
}

interface Connection {
  source: AccessTokenSource;
  /** Endpoints, without a slash at their end. */
  run: string;
  identity: string;
}

export interface ContextDependencies {
  clock: Clock;
  logger: Logger;
  /** GOOGLE_APPLICATION_CREDENTIALS, GCE_METADATA_HOST, CLOUD_RUN_API_ENDPOINT, CLOUD_IDENTITY_ENDPOINT. */
  environment?: Environment;
  /** in [0, 1) */
  random?: () => number;
}

const GROUPS_READONLY = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly';

const MAX_SERVICES = 1000;
const MAX_MEMBERS = 10_000;

export function createContextRegistry({
  clock,
  logger,
  environment = process.env,
  random = Math.random,
}: ContextDependencies): ContextRegistry {
  const tokens = createAccessTokens({ clock });
  const cloudRun = createGoogleApi(() => caller(CLOUD_PLATFORM));
  const cloudIdentity = createGoogleApi(() => caller(GROUPS_READONLY));
  let connection: Connection | undefined;

  function connected(): Connection {
    if (connection === undefined) throw new ContextError('there are no credentials', 'api');
    return connection;
  }

  function caller(scope: string): Caller {
    return { tokens, source: connected().source, scope };
  }

  return {
    connect() {
      const { credentials } = findCredentials(undefined, environment);
      connection = {
        source: createAccessTokenSource(credentials, { clock, environment, tokens }),
        run: endpointOf(environment, 'CLOUD_RUN_API_ENDPOINT', 'https://run.googleapis.com'),
        identity: endpointOf(
          environment,
          'CLOUD_IDENTITY_ENDPOINT',
          'https://cloudidentity.googleapis.com',
        ),
      };
    },
    labels: createLiveCache({
      name: 'context_labels',
      what: 'labels of Cloud Run services',
      keyOf: (service: string) => service,
      describe: (service) => ({ service }),
      ask: (service, signal) => fetchServiceLabels(cloudRun, connected().run, service, signal),
      sizeOf: (labels) => [...labels].flat().join('').length,
      max_entries: MAX_SERVICES,
      clock,
      logger,
      random,
    }),
    groups: createLiveCache({
      name: 'context_groups',
      what: 'groups of members',
      keyOf: ({ email, customer }: Member) => `${customer ?? ''} ${email}`,
      // Never the address.
      describe: () => ({}),
      ask: (member, signal) =>
        fetchTransitiveGroups(cloudIdentity, connected().identity, member, signal),
      sizeOf: (groups) => groups.join('').length,
      max_entries: MAX_MEMBERS,
      clock,
      logger,
      random,
    }),
  };
}
