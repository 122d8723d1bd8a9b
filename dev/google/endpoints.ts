import type { Call, Reply } from './call.ts';
import { certs, discovery } from './certs.ts';
import { getService } from './cloud-run-admin.ts';
import { getIamPolicy, testIamPermissions } from './cloud-run-iam.ts';
import { parseServiceIamPath, parseServicePath } from './cloud-run-path.ts';
import { notFound } from './errors.ts';
import type { Endpoint } from './faults.ts';
import { iamCredentials, parseIamPath } from './iam-credentials.ts';
import { createMetadataServer } from './metadata.ts';
import { oauthToken } from './oauth-token.ts';
import {
  SEARCH_TRANSITIVE_GROUPS_PATH,
  searchTransitiveGroups,
} from './search-transitive-groups.ts';
import { createStsToken } from './sts-token.ts';
import type { World } from './world.ts';

/** Google's APIs answer a wrong method like an unknown path: with 404. */
export function endpointOf({ method, path }: Call): Endpoint {
  if (path === '/' || path.startsWith('/computeMetadata')) {
    if (/\/service-accounts\/[^/]+\/identity$/.test(path)) return 'metadata_identity';
    if (/\/service-accounts\/[^/]+\/token$/.test(path)) return 'metadata_token';
    return 'metadata';
  }
  if (method === 'POST') {
    if (path === '/token') return 'oauth_token';
    if (path === '/v1/token') return 'sts_token';
    const iam = parseIamPath(path);
    if (iam?.method === 'generateIdToken') return 'generate_id_token';
    if (iam?.method === 'generateAccessToken') return 'generate_access_token';
    if (parseServiceIamPath(path)?.method === 'testIamPermissions') return 'test_iam_permissions';
  }
  if (method === 'GET' || method === 'HEAD') {
    if (path === '/oauth2/v3/certs') return 'certs';
    if (path === '/.well-known/openid-configuration') return 'discovery';
    if (path === '/healthz') return 'health';
    if (parseServicePath(path) !== undefined) return 'get_service';
    if (parseServiceIamPath(path)?.method === 'getIamPolicy') return 'get_iam_policy';
    if (path === SEARCH_TRANSITIVE_GROUPS_PATH) return 'search_transitive_groups';
  }
  return 'unknown';
}

export function createEndpoints(
  world: World,
): Record<Endpoint, (call: Call) => Reply | Promise<Reply>> {
  const metadata = createMetadataServer(world);
  const iam = (call: Call) => iamCredentials(world, call);
  return {
    metadata,
    metadata_identity: metadata,
    metadata_token: metadata,
    oauth_token: (call) => oauthToken(world, call),
    sts_token: createStsToken(world),
    generate_id_token: iam,
    generate_access_token: iam,
    get_service: (call) => getService(world, call),
    get_iam_policy: (call) => getIamPolicy(world, call),
    test_iam_permissions: (call) => testIamPermissions(world, call),
    search_transitive_groups: (call) => searchTransitiveGroups(world, call),
    certs: () => certs(world),
    discovery: () => discovery(world),
    health: () => ({ status: 200, body: 'ok\n' }),
    unknown: (call) => notFound(call.path),
  };
}
