import type { Told } from '../../finding.ts';
import { gcloudRunServices } from './gcloud-run-services.ts';
import { INVOKING_ROLES, PUBLIC_MEMBERS } from './invoking-roles.ts';
import { partsOfService } from './parts-of-service.ts';
import type { RoleBinding } from './service-facts.ts';

/**
 * Whether an account may invoke a service.
 *
 * @param name resource name of the service
 * @param email of the account; undefined where nobody tells it
 * @param bindings of the service's own policy; undefined where it could not be read
 * @param ask asks by the account itself, where the policy does not tell; undefined where that could not be learnt
 */
export async function judgeInvoker(
  name: string,
  email: string | undefined,
  bindings: readonly RoleBinding[] | undefined,
  ask: () => Promise<boolean | undefined>,
): Promise<Told> {
  const { service } = partsOfService(name);
  const who = email ?? 'The account of the credentials';
  const member = email === undefined ? undefined : `serviceAccount:${email}`;
  const own = (bindings ?? []).filter(
    ({ role, members }) => INVOKING_ROLES.has(role) && members.some((one) => one === member),
  );
  if (own.some(({ conditional }) => !conditional)) return ok(`${who} may invoke ${service}.`);
  const holds = await ask();
  const grant = grantTo(name, email);
  if (own.length > 0) {
    const now = { true: ' which holds now', false: ' which does not hold now', undefined: '' };
    return {
      check: 'invoker',
      severity: 'warning',
      message: `That ${who} may invoke ${service} depends on a condition${now[`${holds}`].replace(' ', ', ')}.`,
      fix: grant,
    };
  }
  if (holds === true && isPublic(bindings ?? [])) {
    return {
      check: 'invoker',
      severity: 'warning',
      message: `${who} may invoke ${service} as everybody may, and perhaps by nothing else.`,
      fix: grant,
    };
  }
  if (holds === true) {
    return ok(
      `${who} may invoke ${service}, by a role from above it, such as on the project, or of a group.`,
    );
  }
  if (holds === false) {
    return {
      check: 'invoker',
      severity: 'error',
      message: `${who} may not invoke ${service}, which answers its requests 403.`,
      fix: grant,
    };
  }
  return bindings === undefined
    ? {
        check: 'invoker',
        severity: 'info',
        message: `Whether ${who} may invoke ${service} cannot be seen from here.`,
        fix: gcloudRunServices(name, 'get-iam-policy'),
      }
    : {
        check: 'invoker',
        severity: 'warning',
        message: `${who} has no role on ${service} to invoke it; whether it has one from above it, such as on the project, cannot be seen from here.`,
        fix: grant,
      };
}

function isPublic(bindings: readonly RoleBinding[]): boolean {
  return bindings.some(
    ({ role, members }) =>
      INVOKING_ROLES.has(role) && members.some((member) => PUBLIC_MEMBERS.has(member)),
  );
}

function grantTo(name: string, email: string | undefined): string {
  return gcloudRunServices(
    name,
    'add-iam-policy-binding',
    `--member=serviceAccount:${email ?? 'GATEWAY_ACCOUNT'}`,
    '--role=roles/run.invoker',
  );
}

function ok(message: string): Told {
  return { check: 'invoker', severity: 'ok', message };
}
