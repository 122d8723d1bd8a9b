/** Roles with `run.routes.invoke` that can be granted on a service (cloud.google.com/run/docs/reference/iam/roles). */
export const INVOKING_ROLES: ReadonlySet<string> = new Set([
  'roles/run.invoker',
  'roles/run.servicesInvoker',
  'roles/run.admin',
]);

/** Everybody, with or without a Google account. */
export const PUBLIC_MEMBERS: ReadonlySet<string> = new Set(['allUsers', 'allAuthenticatedUsers']);
