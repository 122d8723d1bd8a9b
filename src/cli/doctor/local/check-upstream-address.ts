import { isUnknown } from '../../../kong/declarative-config/is-unknown.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';
import { goesToRunApp, hostsOf } from './run-app.ts';

const CHECK = 'upstream-address';

/** Cloud Run answers on port 443 by https alone; by http it redirects there. */
export const checkUpstreamAddress: Check = async ({ routes }) => {
  const looked = routes.filter(({ service }) => goesToRunApp(service));
  const found = looked.flatMap(lookAt);
  return conclude(CHECK, looked.length > 0, found, 'Cloud Run is reached by https on port 443.');
};

function lookAt({ name: route, service }: DoctorRoute): Finding[] {
  if (service === undefined) return [];
  const { protocol, port, name } = service;
  const host = hostsOf(service)[0] ?? service.host;
  const fix = `url: https://${host}${isUnknown(service.path) ? '' : service.path}   # of service ${name}`;
  if (protocol === 'http' || protocol === 'grpc') {
    const message = `Service ${name} goes to ${host} by ${protocol}: Google answers with a redirect to https, and the ID token travels in clear.`;
    return [{ check: CHECK, severity: 'error', route, message, fix }];
  }
  if (isUnknown(protocol) || Number.isNaN(port) || port === 443) return [];
  const why = port === 80 ? ", which is Kong's default without a url" : '';
  const message = `Service ${name} goes to port ${port} of ${host}${why}: Cloud Run answers by https on port 443 alone.`;
  return [{ check: CHECK, severity: 'error', route, message, fix }];
}
