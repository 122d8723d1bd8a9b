import type { FoundCredentials } from '../../../../core/google/credentials/google-credentials.ts';
import type { Told } from '../../finding.ts';
import { accountOf } from './account-of.ts';
import { isDenied, isOutage } from './failure-kind.ts';
import { gcloudGrantOnAccount } from './gcloud-grant-on-account.ts';
import { grantCommands } from './grant-commands.ts';

/** A token that could not be had. */
export interface TokenFailure {
  routes: readonly string[];
  found: FoundCredentials;
  /** The account that was to be impersonated, and by way of which others. */
  impersonated: string | undefined;
  delegates: readonly string[];
  /** The account of this machine, where it is the one that impersonates. */
  attached: string | undefined;
  what: 'access token' | 'ID token';
  reason: string;
  severity: 'error' | 'warning';
}

const ELSEWHERE =
  'export GOOGLE_APPLICATION_CREDENTIALS=/path/to/credentials.json   # where this machine is not on Google Cloud';

/** Why, and how to mend it. */
export function describeFailure(failure: TokenFailure): Told {
  const { found, impersonated, attached, what, reason, severity } = failure;
  const check = 'credentials';
  const { credentials, origin } = found;
  if (isOutage(reason)) {
    const where =
      credentials.type === 'metadata_server'
        ? 'the metadata server'
        : 'Google, where tokens are made,';
    const fix =
      credentials.type === 'metadata_server'
        ? ELSEWHERE
        : 'curl -sSI https://oauth2.googleapis.com   # and HTTPS_PROXY, where the way out is a proxy';
    return {
      check,
      severity,
      message: `There is no answer of ${where} for an ${what}: ${reason}.`,
      fix,
    };
  }
  if (isDenied(reason)) {
    const target = impersonated ?? accountOf(found);
    const fix = grantCommands(found, impersonated, failure);
    return {
      check,
      severity,
      message: `${attached ?? origin} may not impersonate ${target ?? 'the account'}, or iamcredentials.googleapis.com is not enabled.`,
      ...(fix === undefined ? {} : { fix }),
    };
  }
  const account = impersonated ?? accountOf(found) ?? attached;
  const whose = account === undefined ? `by ${origin}` : `for ${account}, by ${origin}`;
  const fix = fixOf(failure);
  return {
    check,
    severity,
    message: `There is no ${what} ${whose}: ${reason}.`,
    ...(fix === undefined ? {} : { fix }),
  };
}

function fixOf({ found, impersonated, attached, reason }: TokenFailure): string | undefined {
  const { credentials } = found;
  if (reason.startsWith('there is no such service account')) {
    return `gcloud iam service-accounts describe ${impersonated ?? accountOf(found) ?? 'ACCOUNT'}`;
  }
  if (reason.includes('invalid_grant') && credentials.type === 'authorized_user') {
    return 'gcloud auth application-default login';
  }
  if (reason.includes('invalid_grant') && credentials.type === 'service_account') {
    // The key is deleted or disabled, or this machine's clock is wrong.
    return `gcloud iam service-accounts keys list --iam-account=${credentials.client_email}`;
  }
  if (credentials.type !== 'metadata_server') return undefined;
  if (reason.includes('metadata server')) return ELSEWHERE;
  if (reason.startsWith('HTTP 404')) {
    return 'kubectl annotate serviceaccount NAME iam.gke.io/gcp-service-account=GATEWAY_ACCOUNT   # on GKE';
  }
  if (reason.startsWith('HTTP 403')) {
    const member = "'serviceAccount:PROJECT.svc.id.goog[NAMESPACE/NAME]'";
    const account = attached ?? 'GATEWAY_ACCOUNT';
    return `${gcloudGrantOnAccount(account, member, 'roles/iam.workloadIdentityUser')}   # on GKE`;
  }
  return undefined;
}
