import type { JsonValue } from '../../src/core/json.ts';
import type { AccessGrant } from './access-tokens.ts';
import type { ServiceAccount } from './accounts.ts';
import type { Reply } from './call.ts';
import { apiError, errorInfo } from './errors.ts';
import type { World } from './world.ts';

/** @returns emails or unique ids; undefined unless all are `projects/-/serviceAccounts/{…}` */
export function readDelegates(value: JsonValue | undefined): string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const names = value.map((delegate) =>
    typeof delegate === 'string'
      ? /^projects\/-\/serviceAccounts\/([^/]+)$/.exec(delegate)?.[1]
      : undefined,
  );
  return names.every((name) => name !== undefined) ? names : undefined;
}

/**
 * Every account in the chain must have made its predecessor a token creator, and the target the last
 * of them (cloud.google.com/iam/docs/create-short-lived-credentials-delegated). The role holds
 * implicitDelegation, which a link needs, as well as `permission`, which the target needs.
 */
export function checkPermission(
  world: World,
  caller: AccessGrant,
  delegates: readonly string[],
  target: ServiceAccount,
  permission: string,
): Reply | undefined {
  let members = caller.members;
  for (const name of delegates) {
    const delegate = world.accounts.find(name);
    if (delegate === undefined || !isCreator(delegate, members)) {
      return denied('iam.serviceAccounts.implicitDelegation');
    }
    members = [delegate.email];
  }
  return isCreator(target, members) ? undefined : denied(permission);
}

function isCreator(account: ServiceAccount, members: readonly string[]): boolean {
  return members.some((member) => account.tokenCreators.includes(member));
}

function denied(permission: string): Reply {
  return apiError(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource (or it may not exist).`,
    [errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', { permission })],
  );
}
