import { authenticate } from './authenticate.ts';
import { type Call, json, type Reply } from './call.ts';
import { apiError, errorInfo } from './errors.ts';
import { selectFields } from './select-fields.ts';
import { CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

interface ServicePath {
  project: string;
  location: string;
  service: string;
}

/** `/v2/projects/{project}/locations/{location}/services/{service}`; undefined for any other path. */
export function parseServicePath(path: string): ServicePath | undefined {
  const match = /^\/v2\/projects\/([^/]+)\/locations\/([^/]+)\/services\/([^/:]+)$/.exec(path);
  const [project, location, service] = match?.slice(1) ?? [];
  if (project === undefined || location === undefined || service === undefined) return undefined;
  return { project, location, service };
}

/**
 * run.googleapis.com: cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/get. Of a service
 * there is what this project reads, and a variable with a secret, which nobody should read by the way.
 */
export function getService(world: World, call: Call): Reply {
  const path = parseServicePath(call.path);
  if (path === undefined) return apiError(404, 'NOT_FOUND', 'Method not found.');
  const grant = authenticate(world, call, {
    service: 'run.googleapis.com',
    method: 'google.cloud.run.v2.Services.GetService',
    scopes: [CLOUD_PLATFORM_SCOPE],
  });
  if ('status' in grant) return grant;

  const project = path.project === world.projectNumber ? world.projectId : path.project;
  const rest = `locations/${path.location}/services/${path.service}`;
  const service = world.cloudRun.find(`projects/${project}/${rest}`);
  const readsAll = grant.members.some((member) => world.cloudRun.viewers.has(member));
  const readsThis = grant.members.some((member) => service?.viewers?.includes(member));
  if (!readsAll && !readsThis) return denied(`projects/${path.project}/${rest}`);
  if (service === undefined) {
    return apiError(404, 'NOT_FOUND', `Resource '${path.service}' of kind 'SERVICE' not found.`);
  }
  const answer = selectFields(call.query, {
    name: service.name,
    generation: '1',
    // Google leaves empty maps out.
    ...(service.labels === undefined || Object.keys(service.labels).length === 0
      ? {}
      : { labels: { ...service.labels } }),
    template: { containers: [{ env: [{ name: 'DATABASE_PASSWORD', value: 'not-for-gateways' }] }] },
    uri: `https://${path.service}-${world.projectNumber}.${path.location}.run.app`,
  });
  return answer === undefined
    ? apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.')
    : json(200, answer);
}

/** Also where there is no such service: only who may read the others is told so. */
function denied(resource: string): Reply {
  const permission = 'run.services.get';
  return apiError(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource '${resource}' (or resource may not exist).`,
    [errorInfo('IAM_PERMISSION_DENIED', 'run.googleapis.com', { permission, resource })],
  );
}
