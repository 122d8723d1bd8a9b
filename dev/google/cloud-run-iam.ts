import { createHash } from 'node:crypto';
import { type JsonObject, ownMember } from '../../src/core/json.ts';
import { authenticate } from './authenticate.ts';
import { type Call, json, parseJsonObject, type Reply } from './call.ts';
import { findService, parseServiceIamPath } from './cloud-run-path.ts';
import {
  permissionDenied,
  permissionsOn,
  policyBindings,
  serviceNotFound,
} from './cloud-run-permissions.ts';
import type { PolicyBinding } from './cloud-run-services.ts';
import { apiError } from './errors.ts';
import { selectFields } from './select-fields.ts';
import { CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

const INVALID = apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
const PERMISSION = /^[a-z][A-Za-z0-9]*(\.[A-Za-z0-9]+){2,}$/;

/**
 * cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/getIamPolicy: the service's own policy,
 * without what it inherits from the project.
 */
export function getIamPolicy(world: World, call: Call): Reply {
  const path = parseServiceIamPath(call.path);
  if (path === undefined) return apiError(404, 'NOT_FOUND', 'Method not found.');
  const grant = authenticate(world, call, {
    service: 'run.googleapis.com',
    method: 'google.cloud.run.v2.Services.GetIamPolicy',
    scopes: [CLOUD_PLATFORM_SCOPE],
  });
  if ('status' in grant) return grant;
  const version = call.query.get('options.requestedPolicyVersion') ?? '0';
  if (!['0', '1', '3'].includes(version)) return INVALID;

  const service = findService(world, path);
  const permission = 'run.services.getIamPolicy';
  if (!permissionsOn(world, service, grant.members).has(permission)) {
    return permissionDenied(path, permission);
  }
  if (service === undefined) return serviceNotFound(path);
  const answer = selectFields(call.query, policyOf(policyBindings(service), version === '3'));
  return answer === undefined ? INVALID : json(200, answer);
}

/**
 * cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/testIamPermissions. Anybody with a token
 * may ask; on a service that does not exist nobody has any permission, and it is no 404 (google.iam.v1.IAMPolicy).
 */
export function testIamPermissions(world: World, call: Call): Reply {
  const path = parseServiceIamPath(call.path);
  if (path === undefined) return apiError(404, 'NOT_FOUND', 'Method not found.');
  const grant = authenticate(world, call, {
    service: 'run.googleapis.com',
    method: 'google.cloud.run.v2.Services.TestIamPermissions',
    scopes: [CLOUD_PLATFORM_SCOPE],
  });
  if ('status' in grant) return grant;
  const body = parseJsonObject(call.body);
  const asked = body === undefined ? undefined : (ownMember(body, 'permissions') ?? []);
  const names = Array.isArray(asked) ? asked.filter((name) => typeof name === 'string') : [];
  if (!Array.isArray(asked) || names.length !== asked.length) return INVALID;
  if (!names.every((name) => PERMISSION.test(name))) return INVALID;

  const service = findService(world, path);
  const held = service === undefined ? new Set() : permissionsOn(world, service, grant.members);
  const permissions = names.filter((name) => held.has(name));
  const answer = selectFields(call.query, permissions.length === 0 ? {} : { permissions });
  return answer === undefined ? INVALID : json(200, answer);
}

/**
 * Whoever asks for a version below 3 gets no condition, and the roles that have one under another name
 * (cloud.google.com/iam/docs/policies#specifying-version-get).
 */
function policyOf(bindings: readonly PolicyBinding[], withConditions: boolean): JsonObject {
  if (bindings.length === 0) return { etag: 'ACAB' };
  const conditional = bindings.some(({ condition }) => condition !== undefined);
  const digest = createHash('sha256').update(JSON.stringify(bindings)).digest();
  return {
    version: conditional && withConditions ? 3 : 1,
    etag: Buffer.concat([Buffer.from([7, 6]), digest.subarray(0, 6)]).toString('base64'),
    bindings: bindings.map(({ role, members, condition }): JsonObject => {
      if (condition === undefined) return { role, members: [...members] };
      if (withConditions) return { role, members: [...members], condition: { ...condition } };
      const hash = createHash('sha256').update(JSON.stringify(condition)).digest('hex');
      return { role: `${role}_withcond_${hash.slice(0, 20)}`, members: [...members] };
    }),
  };
}
