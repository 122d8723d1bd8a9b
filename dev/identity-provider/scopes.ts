/** The claims that each scope opens at the userinfo endpoint and in ID tokens. */
export const CLAIMS_BY_SCOPE = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
};

/** The scopes of OpenID Connect, as opposed to those of a resource. */
export const OIDC_SCOPES: ReadonlySet<string> = new Set([
  ...Object.keys(CLAIMS_BY_SCOPE),
  'offline_access',
]);
