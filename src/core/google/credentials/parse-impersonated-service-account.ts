import { z } from 'zod';
import { ConfigError } from '../../config-error.ts';
import type { JsonObject } from '../../json.ts';
import type { GoogleCredentials, ImpersonatedServiceAccount } from './google-credentials.ts';
import { impersonationUrl } from './impersonation-url.ts';
import { emailAddress } from './members.ts';
import { readMembers } from './read-members.ts';

const schema = z.object({
  service_account_impersonation_url: impersonationUrl,
  delegates: z.array(emailAddress, { error: 'must be a list of email addresses' }).default([]),
  source_credentials: z.record(z.string(), z.json(), { error: 'must be a credential' }),
});

/**
 * A service account that the source credential may impersonate, as
 * `gcloud auth application-default login --impersonate-service-account` leaves it.
 *
 * @param parseSource reads the credential in it
 * @throws ConfigError with each thing wrong and where, never with a value
 */
export function parseImpersonatedServiceAccount(
  json: JsonObject,
  where: string,
  parseSource: (json: JsonObject, where: string) => GoogleCredentials,
): ImpersonatedServiceAccount {
  const members = readMembers(schema, json, where);
  const inner = `${where}: source_credentials`;
  const source = parseSource(members.source_credentials, inner);
  if (source.type === 'impersonated_service_account') {
    throw new ConfigError([`${inner}: must not be impersonated in turn; use delegates`]);
  }
  return {
    impersonation: members.service_account_impersonation_url,
    delegates: members.delegates,
    source,
  };
}
