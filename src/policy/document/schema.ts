import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { parseTimestamp } from '../time/timestamp.ts';

const name = z
  .string()
  .min(1)
  .max(LIMITS.name_characters)
  .regex(/^[^\p{Cc}]*$/u, { error: 'must not contain control characters' });

const instant = z.string().transform((text, context) => {
  const parsed = parseTimestamp(text);
  if (parsed !== null) return parsed;
  context.addIssue('must be an RFC 3339 date-time with offset, such as 2026-11-22T18:00:00Z');
  return z.NEVER;
});

const expression = z.string().min(1);
const note = z.string().max(2048);

const rule = z.strictObject({
  name,
  effect: z.enum(['allow', 'deny']),
  when: expression,
  description: note.optional(),
});

const grant = z.strictObject({
  name,
  subject: z.string().min(1).max(1024).optional(),
  group: z.string().min(1).max(1024).optional(),
  issuer: z.string().min(1).max(2048).optional(),
  role: name,
  not_before: instant.optional(),
  expires: instant,
  approved_by: note.min(1),
  reason: note.min(1),
});

/** Header names are lower-case here, as they are to rules. */
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/, {
  error: 'must be the lower-case name of a header',
});

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)], {
  error: 'must be a string or a list of strings',
});

const testRequest = z.strictObject({
  method: z.string().min(1).default('GET'),
  path: z
    .string()
    .regex(/^\/[^?#]*$/, { error: 'must start with "/" and hold no query; that goes to "query"' })
    .default('/'),
  host: z.string().default(''),
  query: z.record(z.string(), oneOrMore).default({}),
  headers: z.record(headerName, z.string()).default({}),
  client_ip: z.string().default(''),
});

const given = z.strictObject({
  /** The claims of a token; left out or null for a request without identity. */
  identity: z.record(z.string(), z.json()).nullable().default(null),
  request: testRequest.prefault({}),
  labels: z.record(z.string(), z.string()).default({}),
  route: z.string().default(''),
  service: z.string().default(''),
  now: instant.optional(),
});

const expectation = z.strictObject({
  decision: z.enum(['allow', 'deny']),
  rule: name.nullable().optional(),
  code: z.enum(['policy_denied', 'policy_error', 'invalid_request']).optional(),
});

const test = z.strictObject({
  name,
  given: given.prefault({}),
  expect: z.preprocess(
    (value) => (typeof value === 'string' ? { decision: value } : value),
    expectation,
  ),
});

/** The shape of a policy file. What it cannot say (expressions, names that must exist) `loadPolicy` checks. */
export const policySchema = z.strictObject({
  version: z.literal(1),
  roles: z.record(name, expression).default({}),
  rules: z.array(rule).max(LIMITS.rules),
  grants: z.array(grant).max(LIMITS.grants).default([]),
  tests: z.array(test).max(LIMITS.tests).default([]),
});

export type PolicyDocument = z.output<typeof policySchema>;
export type PolicyTest = PolicyDocument['tests'][number];

/** The field names of a record in the policy, for suggestions. */
export function fieldNames(path: readonly PropertyKey[]): string[] {
  const [section, , ...rest] = path;
  const inTests: Record<string, z.ZodObject> = {
    given,
    'given.request': testRequest,
    expect: expectation,
    '': test,
  };
  switch (section) {
    case undefined:
      return Object.keys(policySchema.shape);
    case 'rules':
      return Object.keys(rule.shape);
    case 'grants':
      return Object.keys(grant.shape);
    default:
      return Object.keys(inTests[rest.join('.')]?.shape ?? {});
  }
}
