import type { RoutePlugin } from '../../../kong/declarative-config/declarative-config.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { conclude } from './conclude.ts';
import { PRIORITIES } from './priorities.ts';

const CHECK = 'other-authentication';

/** Plugins of Kong that take their credentials from `Authorization` too. */
const READ_AUTHORIZATION = [
  'jwt',
  'oauth2',
  'oauth2-introspection',
  'basic-auth',
  'ldap-auth',
  'ldap-auth-advanced',
  'hmac-auth',
  'openid-connect',
  'jwt-signer',
];
/** Those that want something else than a bearer token there. */
const OTHER_SCHEMES = ['basic-auth', 'ldap-auth', 'ldap-auth-advanced', 'hmac-auth'];

/** Does another plugin ask for the client's credentials, or take them away, before oidc-authorizer sees them? */
export const checkOtherAuthentication: Check = async ({ routes }) => {
  const looked = routes.filter(({ authorizer }) => authorizer !== undefined);
  const found = looked.flatMap(({ name, plugins }) =>
    plugins.flatMap((plugin) => lookAt(plugin, name)),
  );
  return conclude(CHECK, looked.length > 0, found, 'No other plugin takes the token for itself.');
};

function lookAt(plugin: RoutePlugin, route: string): Finding[] {
  const { name, config, path } = plugin;
  const base = { check: CHECK, route } as const;
  const readsAuthorization =
    READ_AUTHORIZATION.includes(name) ||
    ((name === 'key-auth' || name === 'key-auth-enc') &&
      JSON.stringify(config.key_names ?? [])
        .toLowerCase()
        .includes('"authorization"'));
  if (!readsAuthorization) return [];
  const isBefore = (PRIORITIES[name] ?? 0) >= (PRIORITIES['oidc-authorizer'] ?? 0);
  if (isBefore && config.hide_credentials === true) {
    const message = `${name} runs before oidc-authorizer and removes Authorization: every request is then without a token.`;
    return [{ ...base, severity: 'error', message, fix: `hide_credentials: false   # at ${path}` }];
  }
  if (OTHER_SCHEMES.includes(name) || name.startsWith('key-auth')) {
    const message = `${name} wants credentials of its own in Authorization, which holds one: no request can satisfy both.`;
    return [
      {
        ...base,
        severity: hasAnonymous(plugin) ? 'warning' : 'error',
        message,
        fix: `take ${name} off this route (${path})`,
      },
    ];
  }
  if (name === 'openid-connect' || name === 'jwt-signer') {
    const message = `${name} may put another token into Authorization; ${isBefore ? 'it is not certain which of the two runs first' : 'oidc-authorizer has judged the one before'}.`;
    return [
      { ...base, severity: 'warning', message, fix: `take ${name} off this route (${path})` },
    ];
  }
  const message = `${name} judges the same bearer token as oidc-authorizer: it refuses those that it knows no credential of.`;
  return [{ ...base, severity: 'warning', message, fix: `take ${name} off this route (${path})` }];
}

/** With an anonymous consumer the plugin lets requests without its credentials go on. */
function hasAnonymous({ config }: RoutePlugin): boolean {
  return typeof config.anonymous === 'string' && config.anonymous !== '';
}
