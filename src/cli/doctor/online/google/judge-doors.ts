import type { Told } from '../../finding.ts';
import { gcloudRunServices } from './gcloud-run-services.ts';
import { INVOKING_ROLES, PUBLIC_MEMBERS } from './invoking-roles.ts';
import { partsOfService } from './parts-of-service.ts';
import type { ServiceInUse } from './services-in-use.ts';

/** The ways past the gateway that are open to everybody. */
export function judgeDoors({
  resource,
  lookup: { facts, bindings },
}: Pick<ServiceInUse, 'resource' | 'lookup'>): Told[] {
  const known = facts.outcome === 'found' ? facts.value : undefined;
  const name = known?.name ?? resource;
  const { service } = partsOfService(name);
  const open =
    known?.invoker_iam_disabled === true
      ? [
          {
            check: 'invoker',
            severity: 'error' as const,
            message: `${service} does not check who invokes it, so anybody can bypass the gateway.`,
            fix: gcloudRunServices(name, 'update', '--invoker-iam-check'),
          },
        ]
      : [];
  const granted = (bindings.outcome === 'found' ? bindings.value : [])
    .filter(({ role }) => INVOKING_ROLES.has(role))
    .flatMap(({ role, members }) =>
      members
        .filter((member) => PUBLIC_MEMBERS.has(member))
        .map((member) => ({
          check: 'invoker',
          severity: 'error' as const,
          message: `${member} may invoke ${service}, so anybody${member === 'allUsers' ? '' : ' with a Google account'} can bypass the gateway.`,
          fix: gcloudRunServices(
            name,
            'remove-iam-policy-binding',
            `--member=${member}`,
            `--role=${role}`,
          ),
        })),
    );
  return [...open, ...granted];
}
