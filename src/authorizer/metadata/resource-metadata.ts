import type { Respond } from '../../core/stage.ts';
import type { AuthorizerConfig } from '../config.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The metadata of a protected resource (RFC 9728), ready to be served. */
export interface ResourceMetadata {
  /** Named in challenges. */
  url: string;
  /** The path under which they are asked for. */
  path: string;
  /** @param request_uri the request target; null where it asks for something else, or in a way that does not read */
  answer(method: string, request_uri: string): Respond | null;
}

/** @returns null where none are configured */
export function createResourceMetadata(config: AuthorizerConfig): ResourceMetadata | null {
  const settings = config.resource_metadata;
  if (settings === undefined) return null;
  const url = metadataUrl(settings.resource);
  const path = url.pathname;
  const body = JSON.stringify(metadata(config, settings));
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'public, max-age=3600',
    // They are public, and clients that run in a browser look for them as well.
    'Access-Control-Allow-Origin': '*',
  };
  return {
    url: url.href,
    path,
    answer(method, request_uri) {
      const [asked] = request_uri.split('?', 1);
      if (asked !== path || (method !== 'GET' && method !== 'HEAD')) return null;
      return { outcome: 'respond', status: 200, headers, body: method === 'HEAD' ? '' : body };
    },
  };
}

/** RFC 9728 §3.1: the well-known path stands between the host and the path of the resource. */
function metadataUrl(resource: string): URL {
  const url = new URL(resource);
  url.pathname = WELL_KNOWN + url.pathname.replace(/\/$/, '');
  return url;
}

/** RFC 9728 §2. */
function metadata(
  config: AuthorizerConfig,
  settings: NonNullable<AuthorizerConfig['resource_metadata']>,
): Record<string, unknown> {
  const { issuers, required_scopes, dpop } = config;
  const scopes = settings.scopes_supported ?? required_scopes;
  return {
    resource: settings.resource,
    authorization_servers: settings.authorization_servers ?? issuers.map(({ issuer }) => issuer),
    bearer_methods_supported: ['header'],
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    ...(settings.resource_name ? { resource_name: settings.resource_name } : {}),
    ...(settings.resource_documentation
      ? { resource_documentation: settings.resource_documentation }
      : {}),
    dpop_signing_alg_values_supported: dpop.algorithms,
  };
}
