import { randomBytes } from 'node:crypto';
import { type Clock, epochSeconds } from '../../src/core/clock.ts';
import { type Call, json, type Reply } from '../google/call.ts';
import { awsError } from './aws-error.ts';
import { isoSeconds } from './iso-seconds.ts';
import type { RoleCredentialsIssuer } from './role-credentials.ts';

const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const MAX_TTL_SECONDS = 21600;

export interface Instance {
  availabilityZone: string;
  /** `required`: IMDSv2 alone, as AWS sets up new instances; `optional`: IMDSv1 as well */
  httpTokens: 'required' | 'optional';
  /** the role of the instance profile; undefined when none is attached */
  role?: { name: string; credentials: RoleCredentialsIssuer };
}

export type InstanceMetadataEndpoint =
  | 'imds_token'
  | 'imds_availability_zone'
  | 'imds_region'
  | 'imds_role'
  | 'imds_credentials';

/** @returns undefined for a path that is not of the metadata service */
export function instanceMetadataEndpoint(path: string): InstanceMetadataEndpoint | undefined {
  if (path === '/latest/api/token') return 'imds_token';
  if (path === '/latest/meta-data/placement/availability-zone') return 'imds_availability_zone';
  if (path === '/latest/meta-data/placement/region') return 'imds_region';
  // Clients of Google ask without the slash: their configuration has the path so.
  if (/^\/latest\/meta-data\/iam\/security-credentials\/?$/.test(path)) return 'imds_role';
  if (/^\/latest\/meta-data\/iam\/security-credentials\/[^/]+$/.test(path)) {
    return 'imds_credentials';
  }
  return undefined;
}

/**
 * The instance metadata service of EC2, both versions
 * (docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html and
 * instancedata-data-retrieval.html for its errors).
 */
export function createInstanceMetadata(
  instance: Instance,
  clock: Clock,
): (endpoint: InstanceMetadataEndpoint, call: Call) => Reply {
  /** token → when it ends, in seconds since the epoch */
  const sessions = new Map<string, number>();

  function startSession(call: Call): Reply {
    if (call.method !== 'PUT') return awsError(405, 'Method Not Allowed');
    if (call.headers['x-forwarded-for'] !== undefined) return awsError(403, 'Forbidden');
    const ttl = String(call.headers[TTL_HEADER] ?? '');
    if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > MAX_TTL_SECONDS) {
      return awsError(400, 'Bad Request');
    }
    const token = randomBytes(40).toString('base64url');
    sessions.set(token, epochSeconds(clock) + Number(ttl));
    return text(token, { [TTL_HEADER]: ttl });
  }

  function isAllowed(call: Call): boolean {
    const token = call.headers[TOKEN_HEADER];
    if (token === undefined) return instance.httpTokens === 'optional';
    return (sessions.get(String(token)) ?? 0) > epochSeconds(clock);
  }

  return (endpoint, call) => {
    if (endpoint === 'imds_token') return startSession(call);
    if (call.method !== 'GET') return awsError(405, 'Method Not Allowed');
    if (!isAllowed(call)) return awsError(401, 'Unauthorized');
    const { availabilityZone, role } = instance;
    if (endpoint === 'imds_availability_zone') return text(availabilityZone);
    if (endpoint === 'imds_region') return text(availabilityZone.slice(0, -1));
    if (role === undefined) return awsError(404, 'Not Found');
    if (endpoint === 'imds_role') return text(role.name);
    if (!call.path.endsWith(`/${role.name}`)) return awsError(404, 'Not Found');
    const credentials = role.credentials.current();
    return json(200, {
      Code: 'Success',
      LastUpdated: isoSeconds(credentials.issuedAt),
      Type: 'AWS-HMAC',
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: isoSeconds(credentials.expiresAt),
    });
  };
}

function text(body: string, headers: Record<string, string> = {}): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', server: 'EC2ws', ...headers },
    body,
  };
}
