import type { Check, DoctorRoute } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'preflight';

/** Do CORS preflights, which never have a token, and requests that Kong answers itself go the way they should? */
export const checkPreflight: Check = async ({ routes }) => {
  const looked = routes.filter(({ authorizer }) => authorizer !== undefined);
  const found = looked.flatMap(lookAt);
  return conclude(
    CHECK,
    looked.length > 0,
    found,
    'Nothing keeps preflight requests from being answered as configured.',
  );
};

function lookAt({
  name: route,
  authorizer,
  evaluator,
  plugins,
  methods,
  path,
}: DoctorRoute): Finding[] {
  const found: Finding[] = [];
  const say = (severity: Severity, message: string, fix: string) =>
    found.push({ check: CHECK, severity, route, message, fix });
  const cors = plugins.find(({ name }) => name === 'cors');
  const needsToken = authorizer?.config?.run_on_preflight !== false;
  if (cors !== undefined && methods.length > 0 && !methods.includes('OPTIONS')) {
    const message =
      'cors is to answer preflights, but the route does not take OPTIONS: Kong answers 404.';
    say('warning', message, `methods: [${[...methods, 'OPTIONS'].join(', ')}]   # of ${path}`);
  }
  if (cors?.config.preflight_continue === true && needsToken) {
    const message =
      'cors passes preflights on, and oidc-authorizer refuses them, as no browser sends a token with one.';
    say('warning', message, `preflight_continue: false   # at ${cors.path}`);
  }
  if (cors === undefined && !needsToken && evaluator?.config?.allow_anonymous === false) {
    const message =
      'oidc-authorizer lets preflights go on, and policy-evaluator refuses them, as they have no identity.';
    say(
      'warning',
      message,
      `- name: cors   # under plugins of ${path}: it answers preflights before both`,
    );
  }
  const ended = plugins.find(({ name }) => name === 'request-termination');
  if (ended !== undefined) {
    const message =
      'request-termination answers in place of the service what the chain has let through.';
    say('info', message, `enabled: false   # at ${ended.path}`);
  }
  return found;
}
