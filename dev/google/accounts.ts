import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

export interface ServiceAccountOptions {
  email: string;
  /** 21 digits; derived from the email when absent, so that it is the same after a restart */
  uniqueId?: string;
  /**
   * Who holds roles/iam.serviceAccountTokenCreator on this account: emails of service accounts and
   * users, `principal://…` or `principalSet://…` members (cloud.google.com/iam/docs/principal-identifiers).
   * An account is not a creator of its own tokens unless it is listed.
   */
  tokenCreators?: readonly string[];
}

export interface AccountKey {
  id: string;
  publicKey: KeyObject;
  privateKeyPem: string;
}

export interface ServiceAccount {
  email: string;
  uniqueId: string;
  tokenCreators: readonly string[];
  /** user-managed keys; empty until a key file is asked for */
  keys: AccountKey[];
}

export interface Accounts {
  /** the account attached to the instance whose metadata server this is */
  attached: ServiceAccount;
  /** by email or unique id, the two forms the APIs document as ACCOUNT_EMAIL_OR_UNIQUEID */
  find(emailOrUniqueId: string): ServiceAccount | undefined;
}

/** @param options at least one; the first is attached to the metadata server */
export function createAccounts(options: readonly ServiceAccountOptions[]): Accounts {
  const byName = new Map<string, ServiceAccount>();
  for (const { email, uniqueId = uniqueIdOf(email), tokenCreators = [] } of options) {
    if (!/^[^@\s:/]+@[^@\s:/]+$/.test(email)) throw new Error(`not a service account: ${email}`);
    if (byName.has(email)) throw new Error(`service account given twice: ${email}`);
    const account = { email, uniqueId, tokenCreators, keys: [] };
    byName.set(email, account);
    byName.set(uniqueId, account);
  }
  const attached = byName.get(options[0]?.email ?? '');
  if (attached === undefined) throw new Error('at least one service account is needed');
  return { attached, find: (name) => byName.get(name) };
}

/** The account's key, made on first use. */
export function keyOf(account: ServiceAccount): AccountKey {
  const existing = account.keys[0];
  if (existing !== undefined) return existing;
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = {
    id: randomBytes(20).toString('hex'),
    publicKey,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  account.keys.push(key);
  return key;
}

/** 21 digits, as of every Google account; the same after a restart. */
export function uniqueIdOf(email: string): string {
  const number = BigInt(`0x${createHash('sha256').update(email).digest('hex')}`) % 10n ** 20n;
  return `1${number.toString().padStart(20, '0')}`;
}
