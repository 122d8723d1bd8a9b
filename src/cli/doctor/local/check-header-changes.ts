import { foldHeaderName } from '../../../core/fold-header-name.ts';
import type { RoutePlugin } from '../../../kong/declarative-config/declarative-config.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding, Severity } from '../finding.ts';
import { changedHeaders, changesPath } from './changed-headers.ts';
import { conclude } from './conclude.ts';

const CHECK = 'header-changes';

/** Does request-transformer, which runs between policy-evaluator and cloud-run-token, change what the chain relies on? */
export const checkHeaderChanges: Check = async ({ routes }) => {
  const looked = routes.filter(({ authorizer, evaluator }) => authorizer ?? evaluator);
  const found = looked.flatMap((route) => route.plugins.flatMap((plugin) => lookAt(route, plugin)));
  return conclude(
    CHECK,
    looked.length > 0,
    found,
    'No plugin changes the headers that the chain sets.',
  );
};

function lookAt(route: DoctorRoute, plugin: RoutePlugin): Finding[] {
  const identity = new Set(
    Object.values(route.authorizer?.config?.claim_headers ?? {}).map(foldHeaderName),
  );
  const found: Finding[] = [];
  const say = (severity: Severity, message: string, fix: string) =>
    found.push({ check: CHECK, severity, route: route.name, message, fix });
  for (const { header, how } of changedHeaders(plugin)) {
    const fix = `take ${header} out of the headers at ${plugin.path}`;
    const folded = foldHeaderName(header);
    if (identity.has(folded) && how === 'set') {
      const message = `${plugin.name} writes ${header}, in which the service expects a claim that was verified.`;
      say('error', message, fix);
    } else if (identity.has(folded)) {
      say('warning', `${plugin.name} removes ${header}, which oidc-authorizer sets.`, fix);
    } else if (
      folded === 'authorization' &&
      route.cloud_run_token?.config?.header !== 'Authorization'
    ) {
      const what = how === 'set' ? 'another Authorization than' : 'no Authorization, not';
      const message = `${plugin.name} gives the service ${what} the one that was verified.`;
      say(how === 'set' ? 'warning' : 'info', message, fix);
    } else if (folded === 'x-serverless-authorization') {
      const message = `${plugin.name} changes X-Serverless-Authorization without effect: cloud-run-token comes later and sets it.`;
      say('info', message, fix);
    }
  }
  if (changesPath(plugin) && route.evaluator !== undefined) {
    const message = `${plugin.name} changes the path after policy-evaluator has decided: the service sees another one than the rules.`;
    say(
      'warning',
      message,
      `take replace.uri out of ${plugin.path}, or write the rules for the path of the client`,
    );
  }
  return found;
}
