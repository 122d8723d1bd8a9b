import { z } from 'zod';
import { serviceAccountEmail } from '../../core/config/service-account-email.ts';
import { upstreamHeaderName } from '../../core/config/upstream-header-name.ts';
import { foldHeaderName } from '../../core/fold-header-name.ts';
import { LIMITS } from '../limits.ts';
import { isDate } from '../time/is-date.ts';
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

/** Headers that oidc-authorizer and Kong's own plugins set. */
const ruleHeaderName = upstreamHeaderName.refine(
  (header) => !/^x-(?:anonymous|authenticated|consumer|credential)-/.test(foldHeaderName(header)),
  { error: 'must not be a header that says who is asking' },
);

const ruleHeaders = z
  .record(
    ruleHeaderName,
    z
      .string()
      .max(LIMITS.header_characters)
      .regex(/^[!-~](?:[ -~]*[!-~])?$/, {
        error: 'must be printable ASCII without a space at either end',
      }),
  )
  .refine((headers) => hasNoRepeats(Object.keys(headers).map(foldHeaderName)), {
    error: 'must name each header once; names that differ only in case or in - and _ are the same',
  });

/** RFC 9470 §3. */
const stepUp = z
  .strictObject({
    acr_values: z
      .array(
        z
          .string()
          .max(256)
          .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, { error: 'must be one value without spaces' }),
      )
      .min(1)
      .max(100)
      .optional(),
    max_age: z.int().min(0).max(31_536_000).optional(),
  })
  .refine(({ acr_values, max_age }) => acr_values !== undefined || max_age !== undefined, {
    error: 'must have acr_values or max_age',
  });

const rule = z.strictObject({
  name,
  effect: z.enum(['allow', 'deny']),
  when: expression,
  description: note.optional(),
  shadow: z.boolean().default(false),
  headers: ruleHeaders.optional(),
  run_as: serviceAccountEmail.optional(),
  step_up: stepUp.optional(),
});

/** Also of the grants that stand in a file of their own. */
const grantSchema = z.strictObject({
  name,
  subject: z.string().min(1).max(1024).optional(),
  group: z.string().min(1).max(1024).optional(),
  issuer: z.string().min(1).max(2048).optional(),
  role: name.optional(),
  rule: name.optional(),
  max_uses: z.int().min(1).max(LIMITS.grant_uses).optional(),
  not_before: instant.optional(),
  expires: instant,
  approved_by: note.min(1),
  reason: note.min(1),
});

/** As CEL spells a selection. */
const calendarName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be of letters, digits and _' });

const calendar = z
  .array(z.string().refine(isDate, { error: 'must be a date, such as 2026-12-25' }))
  .max(LIMITS.calendar_dates);

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
  /** The JSON of the body; left out for a request without one. */
  body: z.json().optional(),
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
  code: z
    .enum(['policy_denied', 'insufficient_user_authentication', 'policy_error', 'invalid_request'])
    .optional(),
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
  holidays: z.record(calendarName, calendar).default({}),
  rules: z.array(rule).max(LIMITS.rules),
  grants: z.array(grantSchema).max(LIMITS.grants).default([]),
  tests: z.array(test).max(LIMITS.tests).default([]),
});

export type PolicyDocument = z.output<typeof policySchema>;
export type PolicyTest = PolicyDocument['tests'][number];
export type GrantDocument = PolicyDocument['grants'][number];

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
      return Object.keys(rest[0] === 'step_up' ? stepUp.shape : rule.shape);
    case 'grants':
      return Object.keys(grantSchema.shape);
    default:
      return Object.keys(inTests[rest.join('.')]?.shape ?? {});
  }
}

function hasNoRepeats(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
