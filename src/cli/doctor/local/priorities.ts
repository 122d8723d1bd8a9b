/**
 * Priorities of our plugins and of those of Kong that matter beside them: Kong runs the higher ones first. Of two with
 * the same, the order is not to be relied on.
 *
 * @see https://docs.konghq.com/gateway/latest/key-concepts/plugins/#plugin-execution-order
 */
export const PRIORITIES: Readonly<Record<string, number>> = {
  'pre-function': 1_000_000,
  cors: 2000,
  session: 1900,
  'oauth2-introspection': 1700,
  'mtls-auth': 1600,
  jwt: 1450,
  oauth2: 1400,
  'vault-auth': 1350,
  'key-auth': 1250,
  'key-auth-enc': 1250,
  'ldap-auth': 1200,
  'ldap-auth-advanced': 1200,
  'basic-auth': 1100,
  'oidc-authorizer': 1050,
  'openid-connect': 1050,
  'hmac-auth': 1030,
  'jwt-signer': 1020,
  acl: 950,
  'policy-evaluator': 940,
  'rate-limiting': 910,
  'request-transformer-advanced': 802,
  'request-transformer': 801,
  'response-transformer': 800,
  'cloud-run-token': 760,
  'proxy-cache': 100,
  'proxy-cache-advanced': 100,
  'request-termination': 2,
  'post-function': -1000,
};

/** In the order in which they run. */
export const CHAIN = ['oidc-authorizer', 'policy-evaluator', 'cloud-run-token'] as const;
