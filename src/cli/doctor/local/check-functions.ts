import type { JsonValue } from '../../../core/json.ts';
import type { RoutePlugin } from '../../../kong/declarative-config/declarative-config.ts';
import type { Check, DoctorRoute } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';

const CHECK = 'functions';

const FUNCTIONS = ['pre-function', 'post-function'];

/** Lua that writes these would stand in for a verdict. */
const HANDOFF = /authenticated_identity|policy_decision/;
const CHANGES = /(?:clear|set|add)_headers?|req\.(?:set|clear)_header|ngx\.var\.upstream_host/;

/** Does Lua before or behind the chain touch what it relies on? The text is searched; it is not run. */
export const checkFunctions: Check = async ({ routes }) => {
  const seen = new Set<RoutePlugin['path']>();
  const found = routes.flatMap((route) =>
    route.plugins.flatMap((plugin) => {
      const concerns =
        FUNCTIONS.includes(plugin.name) && (route.authorizer ?? route.cloud_run_token);
      if (!concerns || seen.has(plugin.path)) return [];
      seen.add(plugin.path);
      return lookAt(route, plugin);
    }),
  );
  return conclude(
    CHECK,
    seen.size > 0,
    found,
    'Lua of pre-function and post-function touches nothing of the chain.',
  );
};

function lookAt(route: DoctorRoute, plugin: RoutePlugin): Finding[] {
  const lua = textsIn(plugin.config).join('\n');
  const base = { check: CHECK, route: route.name } as const;
  if (HANDOFF.test(lua)) {
    const message = `${plugin.name} names the verdicts of the chain in kong.ctx.shared: whoever writes there decides who gets in.`;
    return [{ ...base, severity: 'error', message, fix: `take the Lua out of ${plugin.path}` }];
  }
  if (!CHANGES.test(lua)) return [];
  const named = (header: string) => new RegExp(`\\b${header}\\b`, 'i').test(lua);
  const { header = 'X-Serverless-Authorization' } = route.cloud_run_token?.config ?? {};
  const fix = `look at the Lua at ${plugin.path}`;
  if (plugin.name === 'post-function') {
    const headers = [header, 'Host'].filter(named);
    return headers.map((one): Finding => {
      const message = `post-function runs behind cloud-run-token and seems to change ${one}: Cloud Run then gets another ID token or none, or does not find the service.`;
      return { ...base, severity: 'error', message, fix };
    });
  }
  if (!named('Authorization')) return [];
  const message =
    'pre-function runs before oidc-authorizer and seems to change Authorization: another token than that of the client may be judged.';
  return [{ ...base, severity: 'warning', message, fix }];
}

function textsIn(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
