import type { Told } from '../../finding.ts';
import { listed } from '../finding-of-routes.ts';
import { groupBy } from '../group-by.ts';
import { gcloudRunServices } from './gcloud-run-services.ts';
import { INVOKING_ROLES, PUBLIC_MEMBERS } from './invoking-roles.ts';
import { partsOfService } from './parts-of-service.ts';
import type { RoleBinding, ServiceFacts } from './service-facts.ts';

/** What kinds of member are called. */
const KINDS: ReadonlyMap<string, readonly [one: string, several: string]> = new Map([
  ['serviceAccount', ['service account', 'service accounts']],
  ['user', ['user', 'users']],
  ['group', ['group', 'groups']],
  ['domain', ['domain', 'domains']],
  ['principal', ['federated principal', 'federated principals']],
  ['principalSet', ['set of federated principals', 'sets of federated principals']],
]);

/** By this account Identity-Aware Proxy invokes a service, after its own check. */
const IAP_AGENT = /^serviceAccount:service-\d+@gcp-sa-iap\.iam\.gserviceaccount\.com$/;

/**
 * Who may invoke a service besides the gateway: each of them can bypass it. Only service accounts are named.
 *
 * @param accounts e-mails of the gateway's own
 */
export function judgeOtherInvokers(
  { name, iap_enabled }: Pick<ServiceFacts, 'name' | 'iap_enabled'>,
  bindings: readonly RoleBinding[],
  accounts: readonly string[],
): Told[] {
  const own = new Set(accounts.map((email) => `serviceAccount:${email}`));
  const members = new Set(
    bindings.filter(({ role }) => INVOKING_ROLES.has(role)).flatMap((binding) => binding.members),
  );
  const others = [...members].filter(
    (member) =>
      !own.has(member) &&
      !PUBLIC_MEMBERS.has(member) &&
      !member.startsWith('deleted:') &&
      !(iap_enabled && IAP_AGENT.test(member)),
  );
  if (others.length === 0) return [];
  const { service } = partsOfService(name);
  const counts = [...groupBy(others, kindOf)].map(([kind, some]) => counted(kind, some));
  return [
    {
      check: 'ingress',
      severity: 'warning',
      message: `Others than the gateway may invoke ${service} and so bypass it: ${counts.join(', ')}.`,
      fix: gcloudRunServices(name, 'get-iam-policy'),
    },
  ];
}

function kindOf(member: string): string {
  return member.split(':', 1)[0] ?? '';
}

function counted(kind: string, members: readonly string[]): string {
  const [one, several] = KINDS.get(kind) ?? ['other member', 'other members'];
  const emails = members.map((member) => member.slice(member.indexOf(':') + 1));
  const names = kind === 'serviceAccount' ? ` (${listed(emails)})` : '';
  return `${members.length} ${members.length === 1 ? one : several}${names}`;
}
