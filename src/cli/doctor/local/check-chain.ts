import type { Check, DoctorRoute } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { conclude } from './conclude.ts';
import { goesToRunApp, hostsOf } from './run-app.ts';

const CHECK = 'chain';

/** Is the chain whole on each route: who is it, may they, and the ID token? */
export const checkChain: Check = async ({ routes }) => {
  const guarded = new Set(
    routes.flatMap(({ cloud_run_token, service }) =>
      cloud_run_token === undefined || service === undefined ? [] : hostsOf(service),
    ),
  );
  const looked = routes.filter((route) => isOurs(route) || goesToRunApp(route.service));
  const found = looked.flatMap((route) => lookAt(route, guarded));
  return conclude(CHECK, looked.length > 0, found, 'The chain is complete on every route.');
};

function isOurs({ authorizer, evaluator, cloud_run_token }: DoctorRoute): boolean {
  return [authorizer, evaluator, cloud_run_token].some((plugin) => plugin !== undefined);
}

function lookAt(route: DoctorRoute, guarded: ReadonlySet<string>): Finding[] {
  const { authorizer, evaluator, cloud_run_token, service } = route;
  const found: Finding[] = [];
  const say = (severity: Severity, message: string, fix?: string) => {
    const finding = { check: CHECK, severity, route: route.name, message };
    found.push(fix === undefined ? finding : { ...finding, fix });
  };
  const needsDecision = cloud_run_token?.config?.require !== 'identity';
  if (cloud_run_token !== undefined && needsDecision && evaluator === undefined) {
    say(
      'error',
      'cloud-run-token needs the decision of policy-evaluator, which does not run here: every request is answered 500 verdict_missing.',
      `- { name: policy-evaluator, config: { policy_file: /etc/cloud-run-auth/policy.yaml } }   # under plugins of ${route.path}; or require: identity in the config of cloud-run-token`,
    );
  }
  if (authorizer === undefined && isOurs(route)) {
    const who = evaluator === undefined ? 'cloud-run-token' : 'policy-evaluator';
    say(
      'error',
      `${who} needs the identity that oidc-authorizer establishes, which does not run here: every request is answered 500 verdict_missing.`,
      `- { name: oidc-authorizer, config: { issuers: [{ issuer: https://login.example.com, audiences: [https://api.example.com] }] } }   # under plugins of ${route.path}`,
    );
  }
  if (cloud_run_token === undefined && service !== undefined && goesToRunApp(service)) {
    const { severity, message } = withoutToken(route, hostsOf(service), guarded);
    const place = `under plugins of ${route.path}`;
    const fix = isOurs(route)
      ? `- name: cloud-run-token   # ${place}, behind the two others`
      : `oidc-authorizer, policy-evaluator and cloud-run-token   # ${place}, as README.md has them`;
    say(severity, message, fix);
  }
  const { allow_anonymous: admits } = authorizer?.config ?? {};
  if (admits === true && evaluator?.config?.allow_anonymous === false) {
    say(
      'info',
      'oidc-authorizer lets requests without a token go on, and policy-evaluator refuses them with 401.',
      `allow_anonymous: true   # in the config of policy-evaluator at ${evaluator.declared.path}, if they are meant to be judged`,
    );
  }
  if (evaluator?.config?.mode === 'shadow') {
    say(
      'warning',
      'policy-evaluator only watches: every request with an identity goes on, whatever the policy says.',
      `mode: enforce   # in the config at ${evaluator.declared.path}`,
    );
  }
  return found;
}

function withoutToken(
  route: DoctorRoute,
  hosts: readonly string[],
  guarded: ReadonlySet<string>,
): { severity: Severity; message: string } {
  const host = hosts.join(', ');
  if (isOurs(route)) {
    const message = `${host} gets no ID token, as cloud-run-token does not run here: a private service refuses every request, and an open one lets others in past the gateway.`;
    return { severity: 'error', message };
  }
  const elsewhere = hosts.some((one) => guarded.has(one));
  const message = elsewhere
    ? `${host} is reached without any of the plugins here, and only with them on other routes: if the service lets anybody in, this route goes past the policy.`
    : `${host} is reached without any of the plugins.`;
  return { severity: elsewhere ? 'error' : 'warning', message };
}
