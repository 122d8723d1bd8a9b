import type { Reply } from './call.ts';
import { resourceName, type ServicePath } from './cloud-run-path.ts';
import type { CloudRunServiceOptions, PolicyBinding } from './cloud-run-services.ts';
import { apiError, errorInfo } from './errors.ts';
import { includesCaller, policyMember } from './iam-members.ts';
import type { World } from './world.ts';

const VIEWER = ['run.services.get', 'run.services.getIamPolicy', 'run.services.list'];

/** Of each role what concerns a service (cloud.google.com/run/docs/reference/iam/roles). */
const ROLES: Record<string, readonly string[]> = {
  'roles/run.invoker': ['run.routes.invoke'],
  'roles/run.servicesInvoker': ['run.routes.invoke'],
  'roles/run.viewer': VIEWER,
  'roles/run.admin': [
    ...VIEWER,
    'run.routes.invoke',
    'run.services.create',
    'run.services.delete',
    'run.services.setIamPolicy',
    'run.services.update',
  ],
};

/** The service's own policy, without what it inherits: a role and condition once, with all its members. */
export function policyBindings(service: CloudRunServiceOptions): PolicyBinding[] {
  const given: PolicyBinding[] = [
    { role: 'roles/run.invoker', members: service.invokers ?? [] },
    { role: 'roles/run.viewer', members: service.viewers ?? [] },
    ...(service.bindings ?? []),
  ];
  const merged = new Map<string, PolicyBinding>();
  for (const { role, members, condition } of given) {
    if (members.length === 0) continue;
    const key = JSON.stringify([role, condition]);
    const all = new Set([...(merged.get(key)?.members ?? []), ...members.map(policyMember)]);
    merged.set(key, {
      role,
      members: [...all],
      ...(condition === undefined ? {} : { condition }),
    });
  }
  return [...merged.values()];
}

/**
 * What a caller may do with a service, by its own policy and by roles on the project. A binding with a condition
 * grants nothing here.
 *
 * @param service undefined where there is none: then roles on the project alone count
 */
export function permissionsOn(
  world: World,
  service: CloudRunServiceOptions | undefined,
  caller: readonly string[],
): ReadonlySet<string> {
  const { viewers, invokers } = world.cloudRun.project;
  const groupsOf = (email: string) =>
    world.directory.groupsOf(email).map(({ group }) => group.email);
  const bindings: PolicyBinding[] = [
    { role: 'roles/run.viewer', members: viewers },
    { role: 'roles/run.invoker', members: invokers },
    ...(service === undefined ? [] : policyBindings(service)),
  ];
  const granted = new Set<string>();
  for (const { role, members, condition } of bindings) {
    if (condition !== undefined || !includesCaller(members, caller, groupsOf)) continue;
    for (const permission of ROLES[role] ?? []) granted.add(permission);
  }
  if (service?.policyViewers !== undefined) {
    granted.delete('run.services.getIamPolicy');
    if (includesCaller(service.policyViewers, caller, groupsOf)) {
      granted.add('run.services.getIamPolicy');
    }
  }
  return granted;
}

/** Also where there is no such service: only who may read the others is told so. */
export function permissionDenied(path: ServicePath, permission: string): Reply {
  const resource = resourceName(path);
  return apiError(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource '${resource}' (or resource may not exist).`,
    [errorInfo('IAM_PERMISSION_DENIED', 'run.googleapis.com', { permission, resource })],
  );
}

export function serviceNotFound({ project, location, service }: ServicePath): Reply {
  const where = `in region '${location}' in project '${project}'`;
  return apiError(
    404,
    'NOT_FOUND',
    `Resource '${service}' of kind 'SERVICE' ${where} does not exist`,
  );
}
