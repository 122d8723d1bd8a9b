import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type AuthorizerConfig, authorizerFields } from '../../src/authorizer/config.ts';
import { createAuthorizerStage } from '../../src/authorizer/create-authorizer-stage.ts';
import type { KeyRegistry } from '../../src/authorizer/keys/create-key-registry.ts';
import { createAuthorizerResources } from '../../src/authorizer/resources.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import type { Logger } from '../../src/core/logger.ts';
import type { Outcome } from '../../src/core/stage.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0);
export const NOW = NOW_MS / 1000;

export const ISSUER = 'https://idp.example';
export const OTHER_ISSUER = 'https://other.example/tenant';
export const JWKS_URI = 'https://idp.example/keys';
export const OTHER_JWKS_URI = 'https://other.example/keys';
export const AUDIENCE = 'https://tasks.example.com';

export interface SigningKey {
  alg: string;
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** The public key as a JWK Set lists it. */
  jwk: Record<string, unknown>;
}

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function createKey(alg: string, kid: string, modulusLength = 2048): SigningKey {
  const { privateKey, publicKey } = generate(alg, modulusLength);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { alg, kid, privateKey, publicKey, jwk };
}

function generate(alg: string, modulusLength: number) {
  const namedCurve = CURVES[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength });
}

export function base64url(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url');
}

export type Part = Record<string, unknown> | string;

/** Signs whatever it is given, so that tests can say what no proper library would sign. */
export function signToken(key: SigningKey, header: Part, claims: Part): string {
  const input = [header, claims]
    .map((part) => base64url(typeof part === 'string' ? part : JSON.stringify(part)))
    .join('.');
  return `${input}.${base64url(signature(key, input))}`;
}

function signature({ alg, privateKey }: SigningKey, input: string): Buffer {
  const data = Buffer.from(input);
  if (alg === 'EdDSA' || alg === 'Ed25519') return sign(null, data, privateKey);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('RS')) return sign(hash, data, privateKey);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(hash, data, {
    key: privateKey,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

export function hmacToken(secret: string, header: Part, claims: Part): string {
  const input = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function headerOf(key: SigningKey, changes: Record<string, unknown> = {}) {
  return { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...changes };
}

/** Claims of a good token; a change to undefined leaves the claim out. */
export function claimsOf(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice',
    exp: NOW + 300,
    iat: NOW - 10,
    jti: 'token-1',
    scope: 'tasks:read tasks:write',
    groups: ['qa-leads', 'staff'],
    email: 'alice@example.com',
    ...changes,
  };
}

export function goodToken(key: SigningKey, changes: Record<string, unknown> = {}): string {
  return signToken(key, headerOf(key), claimsOf(changes));
}

export function configOf(changes: Record<string, unknown> = {}): AuthorizerConfig {
  const issuers = [{ issuer: ISSUER, audiences: [AUDIENCE], jwks_uri: JWKS_URI }];
  return parseConfig(authorizerFields, { issuers, ...changes });
}

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

export type Answer = (signal: AbortSignal) => Response | Promise<Response>;

/** A `fetch` that knows a few URLs and counts what is asked; any other URL fails as an unknown host does. */
function createTestFetch(answers: Record<string, Answer>) {
  const requests: string[] = [];
  /** The headers of each request, in the order of `requests`. */
  const sent: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = String(input);
    requests.push(url);
    sent.push(new Headers(init?.headers));
    const answer = answers[url];
    if (answer === undefined || !init?.signal) {
      const cause = Object.assign(new Error('unknown host'), { code: 'ENOTFOUND' });
      throw new TypeError('fetch failed', { cause });
    }
    return answer(init.signal);
  };
  return { fetch, requests, sent, answers };
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return () => new Response(JSON.stringify(value), { status, headers });
}

/** What a server says where the condition of a request finds the document unchanged (RFC 9110 §15.4.5). */
export function notModified(headers: Record<string, string> = {}): Answer {
  return () => new Response(null, { status: 304, headers });
}

export function keySet(...keys: SigningKey[]): Answer {
  return json({ keys: keys.map(({ jwk }) => jwk) });
}

function createTestClock(now_ms = NOW_MS) {
  let now = now_ms;
  return {
    clock: () => now,
    advance(seconds: number) {
      now += seconds * 1000;
    },
  };
}

export function createHarness(config: AuthorizerConfig, answers: Record<string, Answer>) {
  const { clock, advance } = createTestClock();
  const { fetch, requests, sent } = createTestFetch(answers);
  const logger = createTestLogger();
  const createStage = (other = config, keys?: KeyRegistry) =>
    createAuthorizerStage(other, {
      ...createAuthorizerResources({ clock, fetch, logger }),
      ...(keys ? { keys } : {}),
    });
  const resources = createAuthorizerResources({ clock, fetch, logger });
  const stage = createAuthorizerStage(config, resources);
  return {
    stage,
    createStage,
    resources,
    advance,
    clock,
    fetch,
    requests,
    sent,
    answers,
    logger,
    authorize: (authorization?: string, headers?: Record<string, string>) =>
      run(stage, authorization, headers),
    present: (token: string, headers?: Record<string, string>) =>
      run(stage, `Bearer ${token}`, headers),
  };
}

export async function run(
  stage: ReturnType<typeof createAuthorizerStage>,
  authorization?: string,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  return stage.run({
    headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
  });
}

/** What a test says of an outcome in one word: `authenticated`, `anonymous` or the refusal's code. */
export function summary(outcome: Outcome): string {
  if (outcome.outcome === 'refuse') return outcome.refusal.code;
  if (outcome.outcome === 'respond') return `status ${outcome.status}`;
  return outcome.handoff?.authenticated_identity?.outcome ?? 'no verdict';
}

/** The error description of a refusal, or its code where it has none. */
export function reason(outcome: Outcome): string {
  if (outcome.outcome !== 'refuse') return summary(outcome);
  return outcome.refusal.challenge?.error_description ?? outcome.refusal.code;
}
