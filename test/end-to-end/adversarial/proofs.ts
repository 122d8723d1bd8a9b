import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { SigningKey } from '../../authorizer/support.ts';
import { CLIENT, publicJwk } from './keys.ts';
import type { Scene } from './scene.ts';
import type { Header } from './send-raw.ts';
import { type Part, signed } from './sign.ts';

/** The thumbprint of the client's key. */
export const JKT = await calculateJwkThumbprint(publicJwk(CLIENT));

export interface ProofChanges {
  key?: SigningKey;
  method?: string;
  url?: string;
  /** Members in place of the right ones; undefined leaves one out. */
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  /** Edits of the JSON text, for what no object could express. */
  editHeader?: (text: string) => Part;
  editClaims?: (text: string) => Part;
}

/** A token that is bound to the client's key (RFC 9449 §6.1), or otherwise, or to nothing. */
export function boundToken(
  scene: Scene,
  confirmation: { cnf: unknown } = { cnf: { jkt: JKT } },
): string {
  return scene.token({ claims: confirmation });
}

/** A proof for a GET of that path that is good but for the changes, and signed in any case. */
export function proof(
  scene: Scene,
  token: string,
  path: string,
  changes: ProofChanges = {},
): string {
  const { key = CLIENT, editHeader = (text) => text, editClaims = (text) => text } = changes;
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: publicJwk(key), ...changes.header };
  const claims = {
    jti: randomUUID(),
    htm: changes.method ?? 'GET',
    htu: changes.url ?? `${scene.origin}${path}`,
    iat: scene.now(),
    ath: createHash('sha256').update(token).digest('base64url'),
    ...changes.claims,
  };
  return signed(key, editHeader(JSON.stringify(header)), editClaims(JSON.stringify(claims)));
}

export function presenting(token: string, ...proofs: string[]): { headers: Header[] } {
  const headers: Header[] = [['Authorization', `DPoP ${token}`]];
  return { headers: [...headers, ...proofs.map((one): Header => ['DPoP', one])] };
}
