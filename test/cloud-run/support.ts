import { generateKeyPairSync } from 'node:crypto';
import type { IdTokenSource } from '../../src/cloud-run/id-token-source.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Logger } from '../../src/core/logger.ts';

export const AUDIENCE = 'https://tasks-123456789012.europe-west3.run.app';
export const NOW = Date.parse('2026-11-21T10:00:00Z');
export const NOW_SECONDS = NOW / 1000;

export interface FrozenClock extends Clock {
  advance(ms: number): void;
  set(ms: number): void;
}

export function frozenClock(now = NOW): FrozenClock {
  let current = now;
  return Object.assign(() => current, {
    advance: (ms: number) => {
      current += ms;
    },
    set: (ms: number) => {
      current = ms;
    },
  });
}

export interface LogLine {
  level: keyof Logger;
  message: string;
  fields: Record<string, unknown>;
}

export function recordingLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: keyof Logger) =>
    (fields: Record<string, unknown>, message: string): void => {
      lines.push({ level, message, fields });
    };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}

/** A token in Google's form. Nothing here verifies the signature, so it has none worth the name. */
export function fakeIdToken(claims: JsonObject): string {
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

export interface FakeSource extends IdTokenSource {
  calls: number;
  /** Answers one fetch; the default is a new token that lives for an hour. */
  answer: (audience: string, signal: AbortSignal) => Promise<string>;
}

export function fakeSource(
  clock: Clock,
  name = 'gateway@demo.iam.gserviceaccount.com',
): FakeSource {
  const source: FakeSource = {
    account: name,
    credential: `fake:${name}`,
    calls: 0,
    answer: async (audience) =>
      fakeIdToken({ aud: audience, exp: clock() / 1000 + 3600, jti: String(source.calls) }),
    fetchIdToken: (audience, signal) => {
      source.calls += 1;
      return source.answer(audience, signal);
    },
  };
  return source;
}

let pem: string | undefined;

/** One key for the whole run: making one takes a noticeable time. */
export function rsaPrivateKey(): string {
  pem ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return pem;
}

export function serviceAccountKey(changes: JsonObject = {}): JsonObject {
  return {
    type: 'service_account',
    client_email: 'gateway@demo.iam.gserviceaccount.com',
    private_key: rsaPrivateKey(),
    token_uri: 'https://oauth2.googleapis.com/token',
    ...changes,
  };
}

/** Runs what is due to run, a few hundred promise callbacks deep, without waiting for anything. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** What the function threw. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
