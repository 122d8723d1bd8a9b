import { runAppHost } from '../../../cloud-run/run-app-host.ts';
import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { changedHeaders } from './changed-headers.ts';
import { conclude } from './conclude.ts';
import { goesToRunApp, hostsOf, isRunApp } from './run-app.ts';

const CHECK = 'upstream-host';

/** By its `Host` Google finds the service. */
export const checkUpstreamHost: Check = async ({ routes }) => {
  const looked = routes.filter(({ service }) => goesToRunApp(service));
  const found = looked.flatMap(lookAt);
  return conclude(CHECK, looked.length > 0, found, 'Requests go to Cloud Run under its own host.');
};

function lookAt(route: DoctorRoute): Finding[] {
  const { name, service, cloud_run_token, plugins } = route;
  if (service === undefined) return [];
  const found: Finding[] = [];
  const host = hostsOf(service)[0] ?? service.host;
  const off = `preserve_host: false   # of ${route.path}`;
  // Of a service that goes to an upstream, the plugin does not know the host behind it.
  const setsHost = cloud_run_token !== undefined && runAppHost(service.host) !== undefined;
  if (route.preserve_host && !setsHost) {
    const message = `preserve_host passes the client's Host on: Google does not know it, and answers 404.`;
    found.push({ check: CHECK, severity: 'error', route: name, message, fix: off });
  } else if (route.preserve_host) {
    const message = `preserve_host is on; cloud-run-token writes ${host} into Host all the same, or Google would answer 404.`;
    found.push({ check: CHECK, severity: 'info', route: name, message, fix: off });
  }
  const { host_header } = service.upstream ?? {};
  if (host_header !== undefined && !isUnknown(host_header) && !isRunApp(host_header)) {
    const message = `host_header "${host_header}" of upstream ${service.host} is no host of Cloud Run: Google answers 404.`;
    const fix = `host_header: ${host}   # of upstream ${service.host}`;
    found.push({ check: CHECK, severity: 'warning', route: name, message, fix });
  }
  const rewriting = plugins.filter((plugin) =>
    changedHeaders(plugin).some(({ header }) => header === 'host'),
  );
  for (const plugin of rewriting) {
    if (!setsHost) {
      const message = `${plugin.name} changes Host: Google finds no service by another name than ${host}, and answers 404.`;
      const fix = `take Host out of the headers at ${plugin.path}`;
      found.push({ check: CHECK, severity: 'error', route: name, message, fix });
      continue;
    }
    const isNamed = cloud_run_token?.config?.audience !== undefined;
    const message = isNamed
      ? `${plugin.name} changes Host; cloud-run-token, which comes later, writes ${host} into it again.`
      : `${plugin.name} changes Host: the audience is still made of the Kong service's host, ${service.host}.`;
    const fix = isNamed
      ? `take Host out of the headers at ${plugin.path}`
      : `audience: https://${host}   # in the config of cloud-run-token`;
    found.push({ check: CHECK, severity: isNamed ? 'info' : 'warning', route: name, message, fix });
  }
  return found;
}
