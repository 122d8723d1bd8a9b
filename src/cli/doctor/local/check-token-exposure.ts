import { checkUpstream } from '../../../cloud-run/check-upstream.ts';
import { preservedHost } from '../../../core/preserved-host.ts';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'token-exposure';

/** Services that cloud-run-token gives no ID token to, because others could get hold of it. */
export const checkTokenExposure: Check = async ({ routes }) => {
  const looked = routes.filter(
    ({ service, cloud_run_token }) =>
      cloud_run_token?.config !== undefined &&
      service !== undefined &&
      !isUnknown(service.host) &&
      !isUnknown(service.protocol),
  );
  const found = looked.flatMap(lookAt);
  return conclude(CHECK, looked.length > 0, found, 'ID tokens go to the services alone.');
};

function lookAt(route: DoctorRoute): Finding[] {
  const { name, service, cloud_run_token } = route;
  const config = cloud_run_token?.config;
  if (service === undefined || config === undefined) return [];
  const host = preservedHost(route.preserve_host, route.hosts);
  const withoutTls = checkUpstream(service, 'none', config);
  const anyHost = checkUpstream(service, host, { ...config, allow_http: true });
  return [
    ...(withoutTls === undefined
      ? []
      : [
          {
            check: CHECK,
            severity: 'error' as const,
            route: name,
            message: `Service ${service.name} is reached by ${service.protocol}: requests are refused with invalid_config, so that nobody on the way can take the ID token.`,
            fix: `url: https://${service.host}   # of service ${service.name}; or allow_http: true in the config of cloud-run-token`,
          },
        ]),
    ...(anyHost === undefined
      ? []
      : [
          {
            check: CHECK,
            severity: 'error' as const,
            route: name,
            message:
              'preserve_host passes on any Host that a client sends: requests are refused with invalid_config, so that no client can have the ID token sent to a service of its own.',
            fix: `hosts: [api.example.com]   # of ${route.path}; or preserve_host: false`,
          },
        ]),
  ];
}
