import { statSync } from 'node:fs';
import type { FoundCredentials } from '../../../../core/google/credentials/google-credentials.ts';
import type { Told } from '../../finding.ts';
import { shellWord } from '../../shell-word.ts';
import { fileOfOrigin } from './file-of-origin.ts';

type Credentials = FoundCredentials['credentials'];

const OTHERS = 0o007;

/** What is to be said of credentials before they are used: their kind, and who else may read their file. */
export function judgeCredentialKind({ credentials, origin }: FoundCredentials): Told[] {
  const secret = secretOf(credentials);
  return [
    ...judgeKind(credentials, origin),
    ...(secret === undefined ? [] : judgeMode(origin, secret)),
  ];
}

function judgeKind(credentials: Credentials, origin: string): Told[] {
  const kinds = [credentials.type, 'source' in credentials ? innerType(credentials.source) : ''];
  if (kinds.includes('authorized_user')) {
    return [
      {
        check: 'credentials',
        severity: 'warning',
        message: `${origin} is a developer's own login, which is for development only.`,
        fix: 'gcloud iam service-accounts create GATEWAY_ACCOUNT   # and attach it to the machine, or federate',
      },
    ];
  }
  if (kinds.includes('service_account')) {
    return [
      {
        check: 'credentials',
        severity: 'info',
        message: `${origin} is a service account's key, which stays good until somebody deletes it. Attach the account to the machine on Google Cloud; elsewhere federate the workload's own identity.`,
        fix: 'gcloud iam workload-identity-pools create-cred-config PROVIDER --service-account=ACCOUNT --output-file=credentials.json',
      },
    ];
  }
  return [];
}

function innerType(source: object): string {
  return 'type' in source ? String(source.type) : '';
}

/** What of it must not be read by others. */
function secretOf(credentials: Credentials): string | undefined {
  switch (credentials.type) {
    case 'service_account':
      return 'private key';
    case 'authorized_user':
      return 'refresh token';
    case 'impersonated_service_account':
      return secretOf(credentials.source);
    default:
      return undefined;
  }
}

function judgeMode(origin: string, secret: string): Told[] {
  const file = fileOfOrigin(origin);
  const mode = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  if (file === undefined || mode === undefined || (mode & OTHERS) === 0) return [];
  return [
    {
      check: 'credentials',
      severity: 'warning',
      message: `Every user of this machine may read the ${secret} in ${origin} (mode ${(mode & 0o777).toString(8)}).`,
      fix: `chmod o-rwx ${shellWord(file)}`,
    },
  ];
}
