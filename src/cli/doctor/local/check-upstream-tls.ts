import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'upstream-tls';

const SETTINGS =
  'KONG_NGINX_PROXY_PROXY_SSL_VERIFY=on KONG_NGINX_PROXY_PROXY_SSL_VERIFY_DEPTH=3 KONG_NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE=/etc/ssl/certs/ca-certificates.crt';
/** Google's chain: the service's certificate, an intermediate one and the root. */
const DEPTH = 3;

/** Does Kong verify the certificates of the services? It does not by default, and gives ID tokens to whoever answers. */
export const checkUpstreamTls: Check = async ({ routes, kong_settings: settings }) => {
  const concerned = routes.filter(
    ({ cloud_run_token, service }) =>
      cloud_run_token !== undefined && service?.protocol === 'https',
  );
  if (concerned.length === 0) return [];
  const switchedOff = concerned.filter(({ service }) => service?.tls_verify === false);
  const undecided = concerned.filter(({ service }) => service?.tls_verify === undefined);
  const found = [...switchedOff.map(ofService), ...(undecided.length === 0 ? [] : ofKong())];
  const isKnown = undecided.length === 0 || settings !== undefined;
  return conclude(CHECK, isKnown, found, "The services' certificates are verified.");

  function ofKong(): Finding[] {
    if (settings === undefined) {
      const message =
        "Kong does not verify the services' certificates unless it is told to; whether it is, is not known here.";
      return [{ check: CHECK, severity: 'info', message, fix: SETTINGS }];
    }
    if (settings.get('nginx_proxy_proxy_ssl_verify') !== 'on') {
      const message =
        "Kong does not verify the services' certificates, and gives ID tokens to whoever answers in their place.";
      return [{ check: CHECK, severity: 'warning', message, fix: SETTINGS }];
    }
    const depth = Number(settings.get('nginx_proxy_proxy_ssl_verify_depth') ?? 1);
    const trusts = settings.has('nginx_proxy_proxy_ssl_trusted_certificate');
    if (depth >= DEPTH && trusts) return [];
    const lack = trusts
      ? `to a depth of ${depth} only, and Google's chain is longer`
      : 'and is not told which authorities to trust';
    const message = `Kong verifies the services' certificates, ${lack}: every request is answered 502.`;
    return [{ check: CHECK, severity: 'error', message, fix: SETTINGS }];
  }
};

function ofService({ name: route, service }: DoctorRoute): Finding {
  const message = `Service ${service?.name} has tls_verify: false: Kong gives ID tokens to whoever answers in its place.`;
  return { check: CHECK, severity: 'warning', route, message, fix: 'tls_verify: true' };
}
