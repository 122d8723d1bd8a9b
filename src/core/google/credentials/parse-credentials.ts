import { ConfigError } from '../../config-error.ts';
import { isJsonObject, type JsonObject, ownMember } from '../../json.ts';
import { parseJson } from '../parse-json.ts';
import type { CredentialText } from './credential-text.ts';
import type { GoogleCredentials } from './google-credentials.ts';
import { parseAuthorizedUser } from './parse-authorized-user.ts';
import { parseExternalAccount } from './parse-external-account.ts';
import { parseImpersonatedServiceAccount } from './parse-impersonated-service-account.ts';
import { parseServiceAccountKey } from './parse-service-account-key.ts';

/** Credentials that Google has and we have not; only these names are repeated in an error. */
const OTHER_TYPES = new Set(['external_account_authorized_user', 'gdch_service_account']);

/**
 * Reads a credential's JSON, as Google's console and `gcloud` write it.
 *
 * @throws ConfigError with each thing wrong and where, never with a value: the text holds secrets
 * @see https://google.aip.dev/auth/4110
 */
export function parseCredentials({ text, where }: CredentialText): GoogleCredentials {
  const json = parseJson(text);
  if (!isJsonObject(json)) throw new ConfigError([`${where}: is not a JSON object`]);
  return parseCredentialObject(json, where);
}

function parseCredentialObject(json: JsonObject, where: string): GoogleCredentials {
  const type = ownMember(json, 'type');
  switch (type) {
    case 'service_account':
      return { type, ...parseServiceAccountKey(json, where) };
    case 'authorized_user':
      return { type, ...parseAuthorizedUser(json, where) };
    case 'external_account':
      return { type, ...parseExternalAccount(json, where) };
    case 'impersonated_service_account':
      return { type, ...parseImpersonatedServiceAccount(json, where, parseCredentialObject) };
    default: {
      const found =
        typeof type === 'string' && OTHER_TYPES.has(type)
          ? `type ${type} is not supported`
          : 'is not a Google credential that is supported';
      throw new ConfigError([
        `${where}: ${found}; use a service account key, an external_account (workload identity federation), ` +
          'an impersonated_service_account or, for development, an authorized_user',
      ]);
    }
  }
}
