import { z } from 'zod';
import type { JsonObject } from '../../json.ts';
import { emailAddress, rsaPrivateKey, url } from './members.ts';
import { readMembers } from './read-members.ts';

const schema = z.object({
  client_email: emailAddress,
  /** PEM of an RSA key. */
  private_key: rsaPrivateKey,
  token_uri: url.default('https://oauth2.googleapis.com/token'),
});

export type ServiceAccountKey = z.output<typeof schema>;

/**
 * @throws ConfigError with each thing wrong and where, never with a value: the text holds a private key
 * @see https://cloud.google.com/iam/docs/keys-create-delete
 */
export function parseServiceAccountKey(json: JsonObject, where: string): ServiceAccountKey {
  return readMembers(schema, json, where);
}
