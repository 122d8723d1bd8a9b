import type { DoctorRoute } from '../../check.ts';
import { shellWord } from '../../shell-word.ts';
import { gcloudService, hostsOf } from '../run-app.ts';
import type { Answer } from './answer.ts';
import { fixOfRefusal } from './explain-refusal.ts';
import type { Observation } from './judge-refusal.ts';

const START = 'A request with the token';

/** Judges the answer to a request with a real token: whose is it, and what does it take? */
export function judgeAnswer(
  { status, origin, challenge }: Answer,
  route: DoctorRoute,
): Observation {
  switch (origin.by) {
    case 'suite': {
      const why = /error_description="([^"]*)"/.exec(challenge ?? '')?.[1] ?? origin.detail;
      const message = `${START} is refused with ${status} ${origin.code}${why === undefined ? '' : `: ${why.replace(/\.$/, '')}`}.`;
      const severity =
        status >= 500 ? 'error' : origin.code === 'policy_denied' ? 'info' : 'warning';
      return { severity, message, fix: fixOfRefusal(origin.code) };
    }
    case 'google':
      return ofGoogle(status, route);
    case 'iap': {
      const message = `Identity-Aware Proxy answers ${status}: it does not take the ID token.`;
      const fix =
        'header: Proxy-Authorization, and audience: CLIENT_ID.apps.googleusercontent.com   # in the config of cloud-run-token; and roles/iap.httpsResourceAccessor for its service account';
      return { severity: 'error', message, fix };
    }
    case 'kong-upstream':
    case 'kong': {
      const message = `${START} is answered ${status} by Kong${origin.message === '' ? '' : ` ("${origin.message}")`}.`;
      const fix =
        origin.by === 'kong'
          ? "Kong's error log"
          : `host, port and certificate of service ${route.service?.name}; Kong's error log`;
      return { severity: status >= 500 ? 'error' : 'warning', message, fix };
    }
    case 'service': {
      const isRefusal = status === 401 || status === 403;
      const message = isRefusal
        ? `${START} reaches the service, which refuses it with ${status} itself.`
        : `${START} reaches the service, which answers ${status}.`;
      return { severity: isRefusal ? 'info' : 'ok', message };
    }
  }
}

function ofGoogle(status: number, { service, cloud_run_token }: DoctorRoute): Observation {
  const host = service === undefined ? '' : (hostsOf(service)[0] ?? service.host);
  const name = gcloudService(host);
  const { audience = `https://${host}`, service_account = 'GATEWAY_SERVICE_ACCOUNT' } =
    cloud_run_token?.config ?? {};
  if (status === 401) {
    const message = `Google's front end answers 401: it does not take the ID token, most likely for its audience, ${audience}.`;
    return {
      severity: 'error',
      message,
      fix: `gcloud run services update ${name} --add-custom-audiences=${shellWord(audience)}   # or audience: the URL of the service`,
    };
  }
  if (status === 403) {
    const message =
      "Google's front end answers 403: the gateway's service account may not invoke the service, or no ID token arrived.";
    const fix = `gcloud run services add-iam-policy-binding ${name} --member=serviceAccount:${service_account} --role=roles/run.invoker`;
    return { severity: 'error', message, fix };
  }
  if (status === 404) {
    const message = `Google's front end answers 404: it knows no service of the name that Host has, or the service's ingress keeps the gateway out.`;
    const fix = `gcloud run services describe ${name} --format='value(status.url, metadata.annotations[run.googleapis.com/ingress])'   # then the service's host, or gcloud run services update ${name} --ingress=all`;
    return { severity: 'error', message, fix };
  }
  const message = `Google's front end answers ${status}: the service could not be started or has no room.`;
  return { severity: 'warning', message, fix: `gcloud run services logs read ${name}` };
}
