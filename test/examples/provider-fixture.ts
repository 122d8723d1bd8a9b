import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import type { IdentityVerdict } from '../../src/core/identity.ts';
import type { Outcome } from '../../src/core/stage.ts';
import { NOW } from '../authorizer/support.ts';

const FOLDER = path.join(REPOSITORY, 'test/fixtures/identity-providers');

const members = z.record(z.string(), z.json());

const accepted = z.strictObject({
  what: z.string(),
  identity: z.strictObject({
    subject: z.string(),
    groups: z.array(z.string()),
    scopes: z.array(z.string()),
    email: z.string().nullable(),
  }),
  /** What the upstream gets. */
  headers: z.record(z.string(), z.string()).default({}),
  /** What the example's policy says: `GET /tasks/7` to the decision. */
  decisions: z.record(z.string(), z.enum(['allow', 'deny'])),
});

const jwtFixture = z.strictObject({
  documentation: z.array(z.url()).min(1),
  /** What the provider publishes of its keys, and where. */
  keys: z.strictObject({ discovery: z.url().optional(), jwks_uri: z.url(), members }),
  header: z.strictObject({ alg: z.string(), kid: z.string() }).loose(),
  accepted: z.array(accepted.extend({ claims: members })).min(1),
  /** Each is the first accepted token with changes, or a token as it stands. */
  refused: z.array(
    z.strictObject({
      what: z.string(),
      header: members.default({}),
      claims: members.default({}),
      without: z.array(z.string()).default([]),
      token: z.string().optional(),
      why: z.string(),
    }),
  ),
});

const introspectionFixture = z.strictObject({
  documentation: z.array(z.url()).min(1),
  endpoint: z.url(),
  accepted: z.array(accepted.extend({ answer: members })).min(1),
  refused: z.array(z.strictObject({ what: z.string(), answer: members, why: z.string() })),
});

export type JwtFixture = z.output<typeof jwtFixture>;
type Claims = z.output<typeof members>;

export function fixtureNames(): string[] {
  return readdirSync(FOLDER).map((file) => path.basename(file, '.json'));
}

export function readJwtFixture(name: string): JwtFixture {
  return jwtFixture.parse(readFixture(name));
}

export function readIntrospectionFixture(name: string) {
  return introspectionFixture.parse(readFixture(name));
}

function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
}

const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** The same claims, issued ten seconds ago. */
export function issuedNow(claims: Claims): Claims {
  const shift = NOW - 10 - Number(claims.iat ?? NOW - 10);
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      TIMES.includes(name) && typeof value === 'number' ? value + shift : value,
    ]),
  );
}

/** @throws Error where the request was refused */
export function verdictOf(outcome: Outcome): Extract<IdentityVerdict, { identity: unknown }> {
  const verdict =
    outcome.outcome === 'continue' ? outcome.handoff?.authenticated_identity : undefined;
  if (verdict?.outcome !== 'authenticated') throw new Error(`refused: ${JSON.stringify(outcome)}`);
  return verdict;
}
