import type { FoundCredentials } from '../../../../core/google/credentials/google-credentials.ts';
import type { ExternalAccount } from '../../../../core/google/credentials/parse-external-account.ts';
import { accountOf } from './account-of.ts';
import { gcloudGrantOnAccount } from './gcloud-grant-on-account.ts';

type Credentials = FoundCredentials['credentials'];

/** Enough for the ID tokens of an account, and no more. */
const ID_TOKEN_CREATOR = 'roles/iam.serviceAccountOpenIdTokenCreator';
/** For what is in between, and for access tokens. */
const TOKEN_CREATOR = 'roles/iam.serviceAccountTokenCreator';
/** What a workload of another platform needs to impersonate. */
const WORKLOAD_IDENTITY_USER = 'roles/iam.workloadIdentityUser';

/** Where the e-mail of the account is not known. */
const SOMEBODY = 'serviceAccount:GATEWAY_ACCOUNT';

interface Links {
  /** Each may impersonate the next, and the last one the account that is wanted. */
  delegates: readonly string[];
  /** The account attached to this machine, as far as the metadata server tells. */
  attached: string | undefined;
}

/**
 * The commands that let credentials impersonate an account, one a line: of several links any may be what is missing.
 *
 * @param impersonated the account of the route; undefined where the credentials' own impersonation was denied
 * @returns undefined where nothing is impersonated
 */
export function grantCommands(
  { credentials }: Pick<FoundCredentials, 'credentials'>,
  impersonated: string | undefined,
  { delegates, attached }: Links,
): string | undefined {
  const chain =
    impersonated === undefined
      ? chainWithin(credentials, attached)
      : [memberOf(credentials, attached), ...delegates.map(toMember), toMember(impersonated)];
  const commands = chain.slice(1).map((target, index) => {
    const member = chain[index] ?? SOMEBODY;
    const isLast = impersonated !== undefined && index === chain.length - 2;
    const own = isLast ? ID_TOKEN_CREATOR : TOKEN_CREATOR;
    const role = member.startsWith('principal') ? WORKLOAD_IDENTITY_USER : own;
    return gcloudGrantOnAccount(target.slice(target.indexOf(':') + 1), member, role);
  });
  return commands.length === 0 ? undefined : commands.join('\n');
}

/** From who has the credentials to the account that they impersonate by themselves. */
function chainWithin(credentials: Credentials, attached: string | undefined): string[] {
  switch (credentials.type) {
    case 'external_account':
      return credentials.impersonation === undefined
        ? []
        : [principalOf(credentials), toMember(credentials.impersonation.service_account)];
    case 'impersonated_service_account': {
      const { source, delegates, impersonation } = credentials;
      return [
        memberOf(source, attached),
        ...delegates.map(toMember),
        toMember(impersonation.service_account),
      ];
    }
    default:
      return [];
  }
}

/** Who has the credentials, as IAM policies write it. */
function memberOf(credentials: Credentials, attached: string | undefined): string {
  const account = accountOf({ credentials });
  if (account !== undefined) return toMember(account);
  switch (credentials.type) {
    case 'authorized_user':
      return 'user:$(gcloud config get account)';
    case 'external_account':
      return principalOf(credentials);
    default:
      return attached === undefined ? SOMEBODY : toMember(attached);
  }
}

function toMember(account: string): string {
  return `serviceAccount:${account}`;
}

/** @see https://cloud.google.com/iam/docs/principal-identifiers */
function principalOf({ audience }: ExternalAccount): string {
  const pool = /^\/\/(iam\..+\/workloadIdentityPools\/[^/]+)\/providers\//.exec(audience)?.[1];
  return pool === undefined ? 'principal://SUBJECT' : `principal://${pool}/subject/SUBJECT`;
}
