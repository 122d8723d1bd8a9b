import { createPrivateKey } from 'node:crypto';
import { isSecureUrl } from '../config/fields.ts';
import { ConfigError } from '../config-error.ts';
import { isJsonObject, type JsonObject, ownMember } from '../json.ts';

export interface ServiceAccountKey {
  client_email: string;
  /** PEM of an RSA key. */
  private_key: string;
  token_uri: string;
}

const TOKEN_URI = 'https://oauth2.googleapis.com/token';

/** A credential's JSON text and where it stands, as an error message names that place. */
export interface CredentialText {
  text: string;
  where: string;
}

/** Credentials that Google has and we have not; only these names are repeated in an error. */
const OTHER_TYPES = new Set([
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'gdch_service_account',
  'impersonated_service_account',
]);

/**
 * @throws ConfigError with each thing wrong and where, never with a value: the text holds a private key
 * @see https://cloud.google.com/iam/docs/keys-create-delete
 */
export function parseServiceAccountKey({ text, where }: CredentialText): ServiceAccountKey {
  const json = parseJson(text);
  if (!isJsonObject(json)) throw new ConfigError([`${where}: is not a JSON object`]);
  const type = ownMember(json, 'type');
  if (type !== 'service_account') {
    const found =
      typeof type === 'string' && OTHER_TYPES.has(type)
        ? `type ${type} is not supported`
        : 'is not a Google credential that is supported';
    throw new ConfigError([`${where}: ${found}; use a service account key (type service_account)`]);
  }
  const key = {
    client_email: textMember(json, 'client_email'),
    private_key: textMember(json, 'private_key'),
    token_uri: Object.hasOwn(json, 'token_uri') ? textMember(json, 'token_uri') : TOKEN_URI,
  };
  const problems = [
    ...(/^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u.test(key.client_email)
      ? []
      : [`${where}: client_email must be an email address`]),
    ...(isRsaPrivateKey(key.private_key)
      ? []
      : [`${where}: private_key must be an RSA private key in PEM, not encrypted`]),
    ...(isSecureUrl(key.token_uri)
      ? []
      : [`${where}: token_uri must be an https URL (http only on loopback)`]),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return key;
}

/** The message of a syntax error quotes the text, so nothing of it is passed on. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textMember(json: JsonObject, name: string): string {
  const value = ownMember(json, name);
  return typeof value === 'string' ? value : '';
}

/** Google's service account keys sign with RS256. */
function isRsaPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
