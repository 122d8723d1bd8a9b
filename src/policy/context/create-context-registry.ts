import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { ContextError } from './context-error.ts';
import { fetchServiceLabels, type Labels } from './fetch-service-labels.ts';
import { fetchTransitiveGroups, type Member } from './fetch-transitive-groups.ts';
import { createAccessTokens } from './google/access-tokens.ts';
import { createAccessTokenSource } from './google/create-access-token-source.ts';
import { type Environment, endpointOf } from './google/environment.ts';
import { createGoogleApi } from './google/google-api.ts';
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

export interface ContextDependencies {
  clock: Clock;
  logger: Logger;
  /** GOOGLE_APPLICATION_CREDENTIALS, GCE_METADATA_HOST, CLOUD_RUN_API_ENDPOINT, CLOUD_IDENTITY_ENDPOINT. */
  environment?: Environment;
  /** in [0, 1) */
  random?: () => number;
}

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
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
  const cloudRun = createGoogleApi(tokens, CLOUD_PLATFORM);
  const cloudIdentity = createGoogleApi(tokens, GROUPS_READONLY);
  let endpoints: { run: string; identity: string } | undefined;

  function connected(): { run: string; identity: string } {
    if (endpoints === undefined) throw new ContextError('there are no endpoints', 'api');
    return endpoints;
  }

  return {
    connect() {
      const found = {
        run: endpointOf(environment, 'CLOUD_RUN_API_ENDPOINT', 'https://run.googleapis.com'),
        identity: endpointOf(
          environment,
          'CLOUD_IDENTITY_ENDPOINT',
          'https://cloudidentity.googleapis.com',
        ),
      };
      tokens.use(createAccessTokenSource(environment, clock));
      endpoints = found;
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
