import { createHash } from 'node:crypto';
import { epochSeconds } from '../../src/core/clock.ts';
import type { JsonObject, JsonValue } from '../../src/core/json.ts';
import { type Call, json, type Reply } from './call.ts';
import { htmlError } from './errors.ts';
import { type Directory, entryAt, listing, recursive } from './metadata-tree.ts';
import { signIdToken } from './sign-id-token.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

const SERVER_HEADERS = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };
const ZONE = 'europe-west1-b';
const INSTANCE = { id: '4520031799277581759', name: 'gateway-1' };
const LICENSE_ID = '5926592092274602096';

/** Tokens are replaced when this much of their life is left: cloud.google.com/compute/docs/access/authenticate-workloads */
const REFRESH_SECONDS = 300;

/**
 * The metadata server of one instance: cloud.google.com/compute/docs/metadata/querying-metadata and
 * cloud.google.com/compute/docs/metadata/predefined-metadata-keys. `wait_for_change` is not offered.
 */
export function createMetadataServer(world: World): (call: Call) => Promise<Reply> {
  const issuedAt = epochSeconds(world.clock);
  const cached = new Map<string, { token: string; expiresAt: number }>();
  const account = world.accounts.attached;

  function token(call: Call): Reply {
    const scopes = (call.query.get('scopes') ?? CLOUD_PLATFORM_SCOPE).split(',').filter(Boolean);
    const key = scopes.toSorted().join(' ');
    const now = epochSeconds(world.clock);
    let entry = cached.get(key);
    if (entry === undefined || entry.expiresAt - now < REFRESH_SECONDS) {
      const issued = world.accessTokens.issue(
        [account.email],
        scopes,
        ACCESS_TOKEN_LIFETIME_SECONDS,
      );
      entry = { token: issued, expiresAt: now + ACCESS_TOKEN_LIFETIME_SECONDS };
      cached.set(key, entry);
    }
    return json(200, {
      access_token: entry.token,
      expires_in: entry.expiresAt - now,
      token_type: 'Bearer',
    });
  }

  /** cloud.google.com/compute/docs/instances/verifying-instance-identity: audience, format, licenses */
  async function identity(call: Call): Promise<Reply> {
    const audience = call.query.get('audience');
    if (audience === null || audience === '')
      return text(400, 'non-empty audience parameter required\n');
    const format = (call.query.get('format') ?? 'standard').toLowerCase();
    if (format !== 'standard' && format !== 'full') return text(400, 'invalid format parameter\n');
    const licenses = (call.query.get('licenses') ?? 'FALSE').toUpperCase() === 'TRUE';
    const full = format === 'full';
    const claims: JsonObject = full ? { google: { compute_engine: instanceClaims(licenses) } } : {};
    const sign = (times: JsonObject) =>
      signIdToken(world, {
        account,
        audience,
        includeEmail: full,
        claims: { ...claims, ...times },
      });
    const key = `${format} ${licenses} ${audience}`;
    const leftover = world.leftoverIdTokens.get(key, ({ iat, exp }) => sign({ iat, exp }));
    return text(200, await (leftover ?? sign({})));
  }

  function instanceClaims(licenses: boolean): JsonObject {
    return {
      instance_creation_timestamp: issuedAt,
      instance_id: INSTANCE.id,
      instance_name: INSTANCE.name,
      project_id: world.projectId,
      project_number: Number(world.projectNumber),
      zone: ZONE,
      ...(licenses ? { license_id: [LICENSE_ID] } : {}),
    };
  }

  function tree(): Directory {
    const attached: Directory = {
      aliases: ['default'],
      email: account.email,
      identity,
      scopes: [CLOUD_PLATFORM_SCOPE],
      token,
    };
    const project = `projects/${world.projectNumber}`;
    return {
      instance: {
        attributes: {},
        hostname: `${INSTANCE.name}.c.${world.projectId}.internal`,
        id: INSTANCE.id,
        'machine-type': `${project}/machineTypes/e2-small`,
        name: INSTANCE.name,
        region: `${project}/regions/europe-west1`,
        'service-accounts': { [account.email]: attached, default: attached },
        zone: `${project}/zones/${ZONE}`,
      },
      project: {
        attributes: {},
        'numeric-project-id': world.projectNumber,
        'project-id': world.projectId,
      },
      universe: { 'universe-domain': 'googleapis.com' },
    };
  }

  async function answer(call: Call): Promise<Reply> {
    const refusal = refuse(call);
    if (refusal !== undefined) return refusal;
    const found = entryAt({ computeMetadata: { v1: tree() } }, call.path);
    if (found === undefined) {
      return htmlError(404, `The requested URL ${call.path} was not found on this server.`);
    }
    if (typeof found === 'function') return await found(call);
    if (typeof found === 'string' || Array.isArray(found)) return value(found, call);
    if (!call.path.endsWith('/')) return redirect(call);
    if (call.query.get('recursive')?.toLowerCase() === 'true') return value(recursive(found), call);
    return text(200, listing(found));
  }

  return async (call) => {
    const reply = await answer(call);
    const etag = createHash('sha256').update(reply.body).digest('hex').slice(0, 16);
    return { ...reply, headers: { ...reply.headers, ...SERVER_HEADERS, etag } };
  };
}

/** Both headers: cloud.google.com/compute/docs/metadata/querying-metadata */
function refuse(call: Call): Reply | undefined {
  if (call.method !== 'GET' && call.method !== 'HEAD') {
    return htmlError(405, `The request method ${call.method} is inappropriate for the URL.`);
  }
  const denied = `Your client does not have permission to get URL ${call.path} from this server.`;
  if (call.headers['metadata-flavor'] !== 'Google') {
    return htmlError(403, `${denied} Missing Metadata-Flavor:Google header.`);
  }
  if (call.headers['x-forwarded-for'] !== undefined) {
    return htmlError(403, `${denied} Requests with an X-Forwarded-For header are not served.`);
  }
  return undefined;
}

function value(found: JsonValue, call: Call): Reply {
  const asJson = call.query.get('alt')?.toLowerCase() === 'json' || typeof found === 'object';
  if (Array.isArray(found) && call.query.get('alt')?.toLowerCase() !== 'json') {
    return text(200, found.map((line) => `${String(line)}\n`).join(''));
  }
  if (!asJson) return text(200, String(found));
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(found),
  };
}

/** A directory without its slash; clients such as gcp-metadata's detection ask that way. */
function redirect(call: Call): Reply {
  const query = call.query.size === 0 ? '' : `?${call.query}`;
  return {
    status: 301,
    headers: { location: `http://${call.headers.host ?? ''}${call.path}/${query}` },
    body: '',
  };
}

function text(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'application/text' }, body };
}
