import type { CloudRunConfig } from '../../../cloud-run/config.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { Told } from '../finding.ts';
import { listed } from './finding-of-routes.ts';

/**
 * Compares the service accounts that rules name with those that a route allows.
 *
 * @param policy null where no policy decides
 * @param watches whether the policy decides nothing yet
 */
export function judgeRunAs(
  policy: Pick<Policy, 'allow' | 'shadow'> | null,
  {
    allowed_service_accounts,
    service_account,
  }: Pick<CloudRunConfig, 'allowed_service_accounts' | 'service_account'>,
  watches: boolean,
): Told[] {
  const inForce = policy?.allow ?? [];
  const named = inForce.filter(({ run_as }) => run_as !== null);
  const allowed = new Set([...allowed_service_accounts, service_account]);
  const refused = named.filter(({ run_as }) => run_as !== null && !allowed.has(run_as));
  const missing = [...new Set(refused.flatMap(({ run_as }) => run_as ?? []))];
  const everNamed = new Set([...inForce, ...(policy?.shadow ?? [])].map(({ run_as }) => run_as));
  const unused = allowed_service_accounts.filter((account) => !everNamed.has(account));
  const kept = allowed_service_accounts.filter((account) => !unused.includes(account));
  const told: Told[] = [];
  if (missing.length > 0) {
    const rules = listed(refused.map(({ name }) => name));
    const who = refused.length === 1 ? `rule ${rules} allows` : `rules ${rules} allow`;
    told.push({
      check: 'run-as',
      severity: watches ? 'warning' : 'error',
      message: `Requests that ${who} are answered 500: cloud-run-token does not allow ${listed(missing)}.`,
      fix: `allowed_service_accounts: [${[...allowed_service_accounts, ...missing].join(', ')}]`,
    });
  }
  if (unused.length > 0) {
    told.push({
      check: 'run-as',
      severity: 'info',
      message: `allowed_service_accounts has ${listed(unused)}, which no rule names in run_as.`,
      fix: `allowed_service_accounts: [${kept.join(', ')}]`,
    });
  }
  if (told.length === 0 && named.length > 0) {
    told.push({
      check: 'run-as',
      severity: 'ok',
      message: `Every service account that rules name in run_as is allowed.`,
    });
  }
  return told;
}
