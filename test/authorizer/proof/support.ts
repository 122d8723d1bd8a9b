import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { ExpectedProof } from '../../../src/authorizer/proof/verify-dpop-proof.ts';
import { NOW, type Part, type SigningKey, signToken } from '../support.ts';

const METHOD = 'POST';
export const URL = 'https://tasks.example.com/tasks/7';
export const ACCESS_TOKEN = 'an.access.token';

export const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

export function expectedProof(changes: Partial<ExpectedProof> = {}): ExpectedProof {
  return {
    method: METHOD,
    url: URL,
    accessToken: ACCESS_TOKEN,
    now_seconds: NOW,
    max_age_seconds: 60,
    leeway_seconds: 5,
    algorithms: ALGORITHMS,
    ...changes,
  };
}

export function accessTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** The key as a client puts it into a proof. */
export function proofJwk(key: SigningKey): Record<string, unknown> {
  return { ...key.publicKey.export({ format: 'jwk' }) };
}

export interface ProofChanges {
  /** A change to undefined leaves the member out. */
  header?: Record<string, unknown>;
  jwk?: Record<string, unknown>;
  claims?: Record<string, unknown>;
}

export function proofHeader(key: SigningKey, { header, jwk }: ProofChanges = {}) {
  return { typ: 'dpop+jwt', alg: key.alg, jwk: { ...proofJwk(key), ...jwk }, ...header };
}

export function proofClaims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    jti: 'proof-1',
    htm: METHOD,
    htu: URL,
    iat: NOW,
    ath: accessTokenHash(ACCESS_TOKEN),
    ...changes,
  };
}

/** A good proof but for the changes, and signed in any case. */
export function proofOf(key: SigningKey, changes: ProofChanges = {}): string {
  return signToken(key, proofHeader(key, changes), proofClaims(changes.claims));
}

/** Signs a header and claims that are given as text, which no object could express. */
export function proofOfText(
  key: SigningKey,
  edit: { header?: (text: string) => Part; claims?: (text: string) => Part },
): string {
  const header = JSON.stringify(proofHeader(key));
  const claims = JSON.stringify(proofClaims());
  return signToken(key, edit.header?.(header) ?? header, edit.claims?.(claims) ?? claims);
}

/** Any text, unpaired surrogates and control characters among it. */
export const anyText = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });
