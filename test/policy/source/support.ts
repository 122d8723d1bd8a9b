import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CompactSign, type CryptoKey, type KeyObject } from 'jose';
import { vi } from 'vitest';
import { ConfigError } from '../../../src/core/config-error.ts';
import type { Logger } from '../../../src/core/logger.ts';
import { loadPolicy } from '../../../src/policy/load-policy.ts';
import {
  createPolicySources,
  type PolicySourceDependencies,
  type PolicySources,
} from '../../../src/policy/source/create-policy-sources.ts';
import type { PolicySource } from '../../../src/policy/source/policy-source.ts';
import { allow, policyText } from '../support.ts';

/** 2026-11-20T12:00:00Z, as everywhere in the tests of policies. */
export const NOW_SECONDS = Date.parse('2026-11-20T12:00:00Z') / 1000;

export interface LogLine {
  level: 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

function createTestLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

export interface Timer {
  delay_ms: number;
  task: () => void;
  isCancelled: boolean;
}

export interface Rig extends PolicySources {
  log: LogLine[];
  /** Timers that were set; the tests let their time come. */
  timers: Timer[];
  load: ReturnType<typeof vi.fn<typeof loadPolicy>>;
  /** Two readings in a row, as a change needs them. */
  settle(): Promise<void>;
}

export function createRig(changes: Partial<PolicySourceDependencies> = {}): Rig {
  const logger = createTestLogger();
  const timers: Timer[] = [];
  const load = vi.fn(loadPolicy);
  const sources = createPolicySources({
    clock: () => NOW_SECONDS * 1000,
    logger,
    load,
    fetch: () => Promise.reject(new Error('this test has no network')),
    random: () => 0,
    after(delay_ms, task) {
      const timer = { delay_ms, task, isCancelled: false };
      timers.push(timer);
      return () => {
        timer.isCancelled = true;
      };
    },
    ...changes,
  });
  return {
    ...sources,
    log: logger.lines,
    timers,
    load,
    async settle() {
      await sources.poll();
      await sources.poll();
    },
  };
}

/** @returns the names of the rules that are in force, or the problems of why there are none */
export function inForce(source: PolicySource): string[] | { problems: readonly string[] } {
  try {
    return source.current().allow.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems };
  }
}

/** A policy of one rule that is recognized by its name. */
export function policyWith(rule: string, others: Record<string, unknown> = {}): string {
  return policyText([allow(rule, 'true')], others);
}

export interface Directory {
  path(name: string): string;
  remove(): void;
}

export function createDirectory(): Directory {
  const directory = mkdtempSync(path.join(tmpdir(), 'source-'));
  return {
    path: (name) => path.join(directory, name),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

export interface Signer {
  alg: string;
  privateKey: CryptoKey | KeyObject;
  pem: string;
  jwk: Record<string, unknown>;
}

export function createSigner(alg: 'ES256' | 'EdDSA' | 'RS256' | 'PS256', kid?: string): Signer {
  const { privateKey, publicKey } = generate(alg);
  return {
    alg,
    privateKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) },
  };
}

function generate(alg: string) {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** @param header changes to it; undefined leaves a member out */
export function sign(
  signer: Signer,
  payload: string | object,
  header: Record<string, unknown> = {},
): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return new CompactSign(Buffer.from(text))
    .setProtectedHeader({ alg: signer.alg, ...header })
    .sign(signer.privateKey);
}
