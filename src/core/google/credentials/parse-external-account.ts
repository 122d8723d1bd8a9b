import { z } from 'zod';
import { ConfigError } from '../../config-error.ts';
import type { JsonObject } from '../../json.ts';
import { type Impersonation, impersonationUrl } from './impersonation-url.ts';
import { text, url } from './members.ts';
import { type CredentialSource, parseCredentialSource } from './parse-credential-source.ts';
import { readMembers } from './read-members.ts';

/** Fleet workload identity names its providers in the second way. */
const PROVIDER =
  /^(?:\/\/iam\.[a-z0-9.-]+\/projects\/[\w.:-]+\/locations\/global\/workloadIdentityPools\/[\w.:-]+\/providers\/[\w.-]+|identitynamespace:[\w.:-]+:[\x21-\x7e]+)$/;

const audience = text
  .refine((value) => !value.includes('/workforcePools/'), {
    error:
      'is of a workforce pool, which is for people; use a provider of a workload identity pool',
    abort: true,
  })
  .regex(PROVIDER, {
    error:
      'must be the provider of a workload identity pool: ' +
      '//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{pool}/providers/{provider}',
  });

const schema = z.object({
  audience,
  subject_token_type: text,
  token_url: url,
  service_account_impersonation_url: impersonationUrl.optional(),
  credential_source: z.record(z.string(), z.json(), { error: 'must be an object' }),
});

/** A workload outside Google Cloud, known there by a token of its own platform: workload identity federation. */
export interface ExternalAccount {
  /** The provider's resource name. */
  audience: string;
  subject_token_type: string;
  token_url: string;
  /** The account to impersonate, where the file names one. */
  impersonation: Impersonation | undefined;
  source: CredentialSource;
}

const AWS_TOKEN_TYPES = ['urn:ietf:params:aws:token-type:aws4_request'];
const TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
  'urn:ietf:params:oauth:token-type:saml2',
];

/**
 * Reads the file that `gcloud iam workload-identity-pools create-cred-config` writes.
 *
 * @throws ConfigError with each thing wrong and where, never with a value
 * @see https://google.aip.dev/auth/4117
 */
export function parseExternalAccount(json: JsonObject, where: string): ExternalAccount {
  const { credential_source, service_account_impersonation_url, ...members } = readMembers(
    schema,
    json,
    where,
  );
  const source = parseCredentialSource(credential_source, `${where}: credential_source`);
  const types = source.kind === 'aws' ? AWS_TOKEN_TYPES : TOKEN_TYPES;
  if (!types.includes(members.subject_token_type)) {
    const allowed = types.join(', ');
    throw new ConfigError([
      `${where}: subject_token_type must be one of ${allowed} where credential_source is of the kind ${source.kind}`,
    ]);
  }
  return { ...members, impersonation: service_account_impersonation_url, source };
}
