import { authenticate } from './authenticate.ts';
import { type Call, json, type Reply } from './call.ts';
import { findService, parseServicePath } from './cloud-run-path.ts';
import { permissionDenied, permissionsOn, serviceNotFound } from './cloud-run-permissions.ts';
import type { CloudRunServiceOptions } from './cloud-run-services.ts';
import { serviceUrls } from './cloud-run-urls.ts';
import { apiError } from './errors.ts';
import { selectFields } from './select-fields.ts';
import { CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

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

  const service = findService(world, path);
  const permission = 'run.services.get';
  if (!permissionsOn(world, service, grant.members).has(permission)) {
    return permissionDenied(path, permission);
  }
  if (service === undefined) return serviceNotFound(path);

  const project = service.name.split('/')[1] ?? path.project;
  const answer = selectFields(call.query, {
    name: service.name,
    generation: '1',
    ...labelsOf(service),
    ingress: service.ingress ?? 'INGRESS_TRAFFIC_ALL',
    template: { containers: [{ env: [{ name: 'DATABASE_PASSWORD', value: 'not-for-gateways' }] }] },
    ...(service.invokerIamDisabled === true ? { invokerIamDisabled: true } : {}),
    ...(service.defaultUriDisabled === true ? { defaultUriDisabled: true } : {}),
    ...(service.iapEnabled === true ? { iapEnabled: true } : {}),
    ...(service.customAudiences === undefined || service.customAudiences.length === 0
      ? {}
      : { customAudiences: [...service.customAudiences] }),
    ...serviceUrls(world, { ...path, project }, service),
  });
  return answer === undefined
    ? apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.')
    : json(200, answer);
}

/** As every field of protobuf's JSON that has its default value, an empty map is left out. */
function labelsOf({ labels }: CloudRunServiceOptions): { labels?: Record<string, string> } {
  return labels === undefined || Object.keys(labels).length === 0 ? {} : { labels: { ...labels } };
}
