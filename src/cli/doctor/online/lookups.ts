import type { KeySource } from '../../../authorizer/keys/load-keys.ts';
import type { IdTokenSource } from '../../../cloud-run/id-token-source.ts';
import type { AccessTokenSource } from '../../../core/google/access-token-source.ts';
import { createAccessTokens } from '../../../core/google/access-tokens.ts';
import type { DoctorSubject, DoctorTools } from '../check.ts';
import { createSlots } from './create-slots.ts';
import { askGoogleDates } from './google/ask-google-dates.ts';
import { askMetadataAccount } from './google/ask-metadata-account.ts';
import { askCloudRun, type CloudRunAnswer, type CloudRunQuestion } from './google/cloud-run-api.ts';
import { googleEndpoints } from './google/google-endpoints.ts';
import { lookUpService, mayInvoke, type ServiceLookup } from './google/look-up-service.ts';
import {
  type IdTokenFacts,
  type Minted,
  mintAccessToken,
  mintAndReadIdToken,
} from './google/mint.ts';
import { readTokenRoutes } from './google/read-token-routes.ts';
import { readersOf } from './google/readers-of.ts';
import type { TokenRoute } from './google/sender.ts';
import type { NamedServices } from './google/service-of-route.ts';
import type { ObservedAnswer } from './issuer/observed-answer.ts';
import { type IssuerProbe, probeIssuer } from './issuer/probe-issuer.ts';
import { reachEndpoint } from './issuer/reach-endpoint.ts';
import { memoize } from './memoize.ts';

/** What the checks ask of the network. Each question goes out once, however many checks and routes it concerns. */
export interface Lookups {
  tokenRoutes: readonly TokenRoute[];
  issuer(source: KeySource): Promise<IssuerProbe>;
  /** @returns why the endpoint cannot be reached; undefined where it can */
  endpoint(url: string): Promise<string | undefined>;
  googleDates(): Promise<readonly ObservedAnswer[]>;
  /** @returns e-mail of the account attached to this machine; undefined where no metadata server tells one */
  metadataAccount(): Promise<string | undefined>;
  accessToken(source: AccessTokenSource): Promise<Minted<object>>;
  idToken(wanted: { source: IdTokenSource; audience: string }): Promise<Minted<IdTokenFacts>>;
  service(resource: string): Promise<ServiceLookup>;
  /** @returns undefined where it could not be learnt */
  mayInvoke(asked: { resource: string; source: AccessTokenSource }): Promise<boolean | undefined>;
}

/** At the same time. */
const MAX_REQUESTS = 8;

export function createLookups(
  { routes }: DoctorSubject,
  { clock, environment, fetch, timeout_ms }: DoctorTools,
  named: NamedServices,
): Lookups {
  const slots = createSlots(MAX_REQUESTS);
  const tokens = createAccessTokens({ clock });
  const dependencies = { clock, environment, tokens };
  const tokenRoutes = readTokenRoutes(routes, named, dependencies);
  const endpoints = googleEndpoints(environment);

  const accessToken = memoize(
    ({ credential }: AccessTokenSource) => credential,
    (source) => slots.run(() => mintAccessToken(source, { tokens, timeout_ms })),
  );

  const ask = memoize(
    ({ path, source }: CloudRunQuestion) => JSON.stringify([path, source.credential]),
    async (question): Promise<CloudRunAnswer> => {
      const { cloud_run: endpoint } = endpoints;
      if (typeof endpoint !== 'string') {
        return { outcome: 'unavailable', reason: endpoint.problem };
      }
      // Not tried again for each question: that may take its time.
      const { outcome } = await accessToken(question.source);
      if (outcome === 'failed') return { outcome: 'no_token' };
      return slots.run(() => askCloudRun(question, { endpoint, tokens, timeout_ms }));
    },
  );

  return {
    tokenRoutes,
    accessToken,
    issuer: memoize(
      ({ issuer, jwks_uri }: KeySource) => JSON.stringify([issuer, jwks_uri]),
      (source) => slots.run(() => probeIssuer(source, { clock, fetch, timeout_ms })),
    ),
    endpoint: memoize(
      (url: string) => url,
      (url) => slots.run(() => reachEndpoint(url, timeout_ms)),
    ),
    googleDates: once(() => {
      const urls = Object.values(endpoints).filter((url) => typeof url === 'string');
      return slots.run(() => askGoogleDates([...new Set(urls)], { clock, timeout_ms }));
    }),
    metadataAccount: once(() => slots.run(() => askMetadataAccount(environment, timeout_ms))),
    idToken: memoize(
      ({ source, audience }) => JSON.stringify([source.credential, audience]),
      ({ source, audience }) =>
        slots.run(() => mintAndReadIdToken(source, audience, { clock, timeout_ms })),
    ),
    service: memoize(
      (resource: string) => resource,
      (resource) => lookUpService(resource, readersOf(resource, tokenRoutes, dependencies), ask),
    ),
    mayInvoke: ({ resource, source }) => mayInvoke(resource, source, ask),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  const asked = memoize(
    () => '',
    () => ask(),
  );
  return () => asked(undefined);
}
