import { createHash } from 'node:crypto';
import type { CloudRunServiceOptions } from './cloud-run-services.ts';
import type { World } from './world.ts';

export interface ServicePath {
  /** id or number, as the request has it */
  project: string;
  location: string;
  service: string;
}

export type IamPolicyMethod = 'getIamPolicy' | 'testIamPermissions';

const SERVICE = /^\/v2\/projects\/([^/]+)\/locations\/([^/]+)\/services\/([^/:]+)$/;

/** `/v2/projects/{project}/locations/{location}/services/{service}`; undefined for any other path. */
export function parseServicePath(path: string): ServicePath | undefined {
  const [project, location, service] = SERVICE.exec(path)?.slice(1) ?? [];
  if (project === undefined || location === undefined || service === undefined) return undefined;
  return { project, location, service };
}

/** The same with `:getIamPolicy` or `:testIamPermissions` at its end. */
export function parseServiceIamPath(
  path: string,
): (ServicePath & { method: IamPolicyMethod }) | undefined {
  const [service = '', method] = path.split(/:(getIamPolicy|testIamPermissions)$/);
  const parsed = parseServicePath(service);
  if (parsed === undefined) return undefined;
  return method === 'getIamPolicy' || method === 'testIamPermissions'
    ? { ...parsed, method }
    : undefined;
}

export function resourceName({ project, location, service }: ServicePath): string {
  return `projects/${project}/locations/${location}/services/${service}`;
}

/** @returns undefined where there is no such service */
export function findService(world: World, path: ServicePath): CloudRunServiceOptions | undefined {
  for (const service of world.cloudRun.all()) {
    const [, project = '', , location, , name] = service.name.split('/');
    const sameProject =
      path.project === project || path.project === projectNumberOf(world, project);
    if (sameProject && path.location === location && path.service === name) return service;
  }
  return undefined;
}

/** Twelve digits; of a project that is not this stand-in's own, made from its id. */
export function projectNumberOf(world: World, project: string): string {
  if (project === world.projectId) return world.projectNumber;
  const number = BigInt(`0x${createHash('sha256').update(project).digest('hex')}`) % 10n ** 11n;
  return `9${number.toString().padStart(11, '0')}`;
}
