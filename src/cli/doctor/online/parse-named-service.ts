import { isServiceResource } from '../../../policy/context/cloud-run-service.ts';

/**
 * Reads `ROUTE=projects/PROJECT/locations/REGION/services/SERVICE`.
 *
 * @returns undefined where it is not of that form
 */
export function parseNamedService(text: string): readonly [string, string] | undefined {
  const at = text.lastIndexOf('=');
  const route = text.slice(0, Math.max(0, at));
  const resource = text.slice(at + 1);
  return route !== '' && isServiceResource(resource) ? [route, resource] : undefined;
}
