import { serviceOfHost } from '../../../../policy/context/cloud-run-service.ts';
import type { DoctorRoute } from '../../check.ts';
import { hostsOf } from '../../local/run-app.ts';

/** Cloud Run services by the name of the route that leads to them, as the command line tells them. */
export type NamedServices = ReadonlyMap<string, string>;

/**
 * The Cloud Run service that a route leads to: as the command line says, as `context.cloud_run_labels` of
 * `policy-evaluator` says, or as its host says.
 *
 * @returns `projects/{project}/locations/{location}/services/{service}`; undefined where nothing tells
 */
export function serviceOfRoute(
  { name, service, evaluator }: Pick<DoctorRoute, 'name' | 'service' | 'evaluator'>,
  named: NamedServices,
): string | undefined {
  return (
    named.get(name) ??
    evaluator?.config?.context?.cloud_run_labels?.service ??
    (service === undefined ? [] : hostsOf(service))
      .map(serviceOfHost)
      .find((resource) => resource !== undefined)
  );
}
