import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type ApiHealth, createApiHealth } from '../../core/api-health.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { type AuthenticateClient, createClientAuthentication } from './client-authentication.ts';
import { createRequestSlots, type RequestSlots } from './request-slots.ts';
import type { IntrospectionSettings } from './settings.ts';
import { createTroubleLog, type TroubleLog } from './trouble-log.ts';

/** This gateway as one client of one endpoint, and how it fares there. */
export interface IntrospectionClient {
  /** A digest of all settings that an answer may depend on. */
  id: string;
  endpoint: string;
  authenticate: AuthenticateClient;
  /** Of its own for each client: the wrong secret of one must not keep another from asking. */
  health: ApiHealth;
  trouble: TroubleLog;
  /** Shared by all clients of the endpoint. */
  slots: RequestSlots;
}

/** Bounds what a long series of config changes can leave behind. */
const MAX_CLIENTS = 1000;

const MAX_IN_FLIGHT = 64;
/** More could hardly be served within any timeout worth having. */
const MAX_WAITING = 256;

/**
 * Keeps one client for equal settings, however many instances bring them.
 *
 * @returns finds the client of settings; throws ConfigError where they cannot be used
 */
export function createIntrospectionClients(dependencies: {
  clock: Clock;
  logger: Logger;
  randomId: () => string;
}): (settings: IntrospectionSettings) => IntrospectionClient {
  /** Settings are digested once, not for every request. */
  const seen = new WeakMap<IntrospectionSettings, IntrospectionClient>();
  const clients = new LRUCache<string, IntrospectionClient>({ max: MAX_CLIENTS });
  const slotsOf = new LRUCache<string, RequestSlots>({ max: MAX_CLIENTS });

  function endpointSlots(endpoint: string): RequestSlots {
    const limits = { max_running: MAX_IN_FLIGHT, max_waiting: MAX_WAITING };
    const slots = slotsOf.get(endpoint) ?? createRequestSlots(limits);
    slotsOf.set(endpoint, slots);
    return slots;
  }

  function createClient(id: string, settings: IntrospectionSettings): IntrospectionClient {
    const { endpoint, client_id } = settings;
    const { origin, pathname } = new URL(endpoint);
    return {
      id,
      endpoint,
      authenticate: createClientAuthentication(settings, dependencies),
      health: createApiHealth(),
      // A query may hold a key.
      trouble: createTroubleLog({ endpoint: origin + pathname, client_id }, dependencies),
      slots: endpointSlots(endpoint),
    };
  }

  return (settings) => {
    const known = seen.get(settings);
    if (known !== undefined) return known;
    const id = settingsId(settings);
    const client = clients.get(id) ?? createClient(id, settings);
    clients.set(id, client);
    seen.set(settings, client);
    return client;
  };
}

/** Without `cache_seconds`: that is for whoever reads an answer to apply. */
function settingsId(settings: IntrospectionSettings): string {
  const parts = [
    settings.endpoint,
    settings.client_id,
    settings.client_auth_method,
    settings.client_secret ?? null,
    settings.client_key ?? null,
    settings.client_key_id ?? null,
    settings.client_assertion_audience ?? null,
  ];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
