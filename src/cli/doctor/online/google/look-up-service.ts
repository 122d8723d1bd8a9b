import type { AccessTokenSource } from '../../../../core/google/access-token-source.ts';
import type { CloudRunAnswer, CloudRunQuestion } from './cloud-run-api.ts';
import {
  type RoleBinding,
  readBindings,
  readServiceFacts,
  SERVICE_FIELDS,
  type ServiceFacts,
} from './service-facts.ts';

/** What could be learnt, or why it could not. */
export type Learnt<T> = { outcome: 'found'; value: T } | Exclude<CloudRunAnswer, { body: unknown }>;

/** What is known of a Cloud Run service. */
export interface ServiceLookup {
  facts: Learnt<ServiceFacts>;
  /** Of its own IAM policy, without what it inherits from its project. */
  bindings: Learnt<readonly RoleBinding[]>;
}

type Ask = (question: CloudRunQuestion) => Promise<CloudRunAnswer>;

/**
 * Reads a service and its IAM policy.
 *
 * @param sources of access tokens, in the order in which they are tried where one is denied
 */
export async function lookUpService(
  resource: string,
  sources: readonly AccessTokenSource[],
  ask: Ask,
): Promise<ServiceLookup> {
  const [service, policy] = await Promise.all([
    askInTurn(`/v2/${resource}?fields=${SERVICE_FIELDS}`, sources, ask),
    // Below version 3 a policy is told without its conditions.
    askInTurn(`/v2/${resource}:getIamPolicy?options.requestedPolicyVersion=3`, sources, ask),
  ]);
  return {
    facts: learnt(service, (body) => readServiceFacts(body, resource)),
    bindings: learnt(policy, readBindings),
  };
}

/**
 * Whether an account may invoke a service, by whatever grant.
 *
 * @param source of the account's own access tokens
 * @returns undefined where it could not be learnt
 */
export async function mayInvoke(
  resource: string,
  source: AccessTokenSource,
  ask: Ask,
): Promise<boolean | undefined> {
  const permission = 'run.routes.invoke';
  const body = { permissions: [permission] };
  const answer = await ask({ path: `/v2/${resource}:testIamPermissions`, body, source });
  if (answer.outcome !== 'found') return undefined;
  const { permissions = [] } = answer.body;
  return Array.isArray(permissions) && permissions.includes(permission);
}

async function askInTurn(
  path: string,
  sources: readonly AccessTokenSource[],
  ask: Ask,
): Promise<CloudRunAnswer> {
  let answer: CloudRunAnswer = { outcome: 'no_token' };
  for (const source of sources) {
    const next = await ask({ path, source });
    if (next.outcome !== 'denied' && next.outcome !== 'no_token') return next;
    if (next.outcome === 'denied') answer = next;
  }
  return answer;
}

function learnt<T>(
  answer: CloudRunAnswer,
  read: (body: Extract<CloudRunAnswer, { outcome: 'found' }>['body']) => T,
): Learnt<T> {
  return answer.outcome === 'found' ? { outcome: 'found', value: read(answer.body) } : answer;
}
