/**
 * Writes docs/policy.schema.json, by which editors complete and check policy files, from the schema that policies are
 * loaded by. `--check` writes nothing and fails where the file on disk is another one.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { policySchema } from '../src/policy/document/schema.ts';

/** Fields of a policy as `rules[].name`; `roles{}` is each value of a map. */
const DESCRIPTIONS: Record<string, string> = {
  version: 'The version of the format.',
  roles: 'Who holds which role: a CEL expression for each name. Rules ask with has_role("name").',
  'roles{}': 'A CEL expression that is true for whoever holds the role. It cannot depend on roles.',
  holidays: 'Calendars: dates by name, which rules read as holidays.name.',
  'holidays{}': 'Dates such as 2026-12-25.',
  rules:
    'A request is allowed where an allow rule matches and no deny rule does; else it is denied.',
  'rules[].name': 'Unique. The audit log and tests name rules by it.',
  'rules[].effect': 'What the rule does to a request that its condition is true for.',
  'rules[].when':
    'A CEL expression that is true or false, over identity, request, labels, holidays, route, service and now.',
  'rules[].description': 'Why there is such a rule, for whoever reads the policy.',
  'rules[].shadow': 'The rule decides nothing: the audit log tells what it would have done.',
  'rules[].headers': 'Headers that an allow rule sets for the upstream.',
  'rules[].headers{}': 'The value, in printable ASCII.',
  'rules[].run_as': 'The service account for cloud-run-token to go by.',
  'rules[].step_up':
    'The authentication that a client is told to come back with, instead of a plain refusal (RFC 9470).',
  'rules[].step_up.acr_values':
    'Authentication contexts, any of which will do, in order of preference.',
  'rules[].step_up.max_age': 'The most seconds that may have passed since the user authenticated.',
  grants: 'Roles or rules for a limited time, for one subject or group.',
  'grants[].name': 'Unique. The audit log names grants by it.',
  'grants[].subject': 'Whom it is for: the sub of a token. Either this or group.',
  'grants[].group': 'Whom it is for: the members of a group. Either this or subject.',
  'grants[].issuer': 'Only for identities of this issuer.',
  'grants[].role': 'The role that it gives. Either this or rule.',
  'grants[].rule': 'The allow rule that it makes match. Either this or role.',
  'grants[].max_uses': 'How many requests it may allow in all; without it, any number.',
  'grants[].not_before': 'From when, as an RFC 3339 date-time with offset; without it, at once.',
  'grants[].expires': 'Until when, as an RFC 3339 date-time with offset.',
  'grants[].approved_by': 'Who has approved it.',
  'grants[].reason': 'What it is for.',
  tests: 'Requests and what the policy must decide about them.',
  'tests[].name': 'What the test says about the policy.',
  'tests[].given': 'The request that the policy is asked about.',
  'tests[].given.identity': 'The claims of a token; null for a request without one.',
  'tests[].given.identity{}': 'A claim.',
  'tests[].given.request': 'What the request asks for.',
  'tests[].given.request.method': 'The method.',
  'tests[].given.request.path': 'The normalized path, without query.',
  'tests[].given.request.host': 'The Host.',
  'tests[].given.request.query': 'The parameters of the query, by name.',
  'tests[].given.request.query{}': 'One value, or several.',
  'tests[].given.request.headers': 'The headers, by lower-case name.',
  'tests[].given.request.headers{}': 'The value.',
  'tests[].given.request.client_ip': 'The address of the client.',
  'tests[].given.request.body': 'The JSON of the body; left out for a request without one.',
  'tests[].given.labels': 'The labels of the Cloud Run service.',
  'tests[].given.labels{}': 'The value.',
  'tests[].given.route': 'The name of the route in Kong.',
  'tests[].given.service': 'The name of the service in Kong.',
  'tests[].given.now':
    'The time of the request, as an RFC 3339 date-time with offset. Required where a rule or grant depends on it.',
  'tests[].expect': 'The decision: "allow" or "deny", or more of it.',
  'tests[].expect.decision': 'The decision.',
  'tests[].expect.rule': 'The rule that decided; null for the default.',
  'tests[].expect.code': 'The code of the refusal.',
};

type JsonSchema = z.core.JSONSchema.JSONSchema;

const file = path.resolve(import.meta.dirname, '../docs/policy.schema.json');
const text = `${print(createSchema())}\n`;

if (!process.argv.includes('--check')) {
  await writeFile(file, text);
} else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  console.error('docs/policy.schema.json is out of date: run `npm run docs`');
  process.exitCode = 1;
}

/** As the formatter has it: a list of words on one line. */
function print(schema: JsonSchema): string {
  return JSON.stringify(schema, null, 2).replace(
    /\[\s*("[^"]*"(?:,\s*"[^"]*")*)\s*\]/g,
    (list, words) => {
      const line = `[${words.replaceAll(/,\s*/g, ', ')}]`;
      return line.length <= 64 ? line : list;
    },
  );
}

function createSchema(): JsonSchema {
  const generated = z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' });
  const fields = collectFields('', generated);
  const described = Object.keys(DESCRIPTIONS);
  const missing = [...fields.keys()].filter((name) => !described.includes(name));
  const unknown = described.filter((name) => !fields.has(name));
  if (missing.length > 0 || unknown.length > 0) {
    throw new Error(`no description of ${missing.join(', ')}; no field ${unknown.join(', ')}`);
  }
  for (const [name, field] of fields) field.description = DESCRIPTIONS[name] ?? '';
  addWhatZodCannotSay(fields);
  return { title: 'A policy of kong-cloud-run-auth', ...generated };
}

/** Objects that are shared between fields come apart, so that each may have a description. */
function collectFields(prefix: string, schema: JsonSchema): Map<string, JsonSchema> {
  const fields = new Map<string, JsonSchema>();
  const add = (name: string, holder: Record<string, unknown>, key: string) => {
    const field = structuredClone(holder[key]) as JsonSchema;
    holder[key] = field;
    fields.set(name, field);
    for (const [inner, value] of collectFields(name, field)) fields.set(inner, value);
  };
  const properties: Record<string, unknown> = schema.properties ?? {};
  for (const key of Object.keys(properties)) {
    add(prefix === '' ? key : `${prefix}.${key}`, properties, key);
  }
  const { items, additionalProperties, anyOf = [] } = schema;
  if (isSchema(additionalProperties)) {
    add(`${prefix}{}`, schema, 'additionalProperties');
  }
  if (isSchema(items) && items.properties) {
    for (const [name, field] of collectFields(`${prefix}[]`, items)) fields.set(name, field);
  }
  for (const choice of anyOf) {
    if (!isSchema(choice)) continue;
    for (const [name, field] of collectFields(prefix, choice)) fields.set(name, field);
  }
  return fields;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addWhatZodCannotSay(fields: ReadonlyMap<string, JsonSchema>): void {
  const at = (name: string): JsonSchema => {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`no field ${name}`);
    return field;
  };
  for (const name of ['grants[].not_before', 'grants[].expires', 'tests[].given.now']) {
    at(name).format = 'date-time';
  }
  at('holidays{}').items = { type: 'string', format: 'date' };
  at('rules[].step_up').anyOf = [{ required: ['acr_values'] }, { required: ['max_age'] }];
  const grant = at('grants').items as JsonSchema;
  grant.allOf = [
    { oneOf: [{ required: ['subject'] }, { required: ['group'] }] },
    { oneOf: [{ required: ['role'] }, { required: ['rule'] }] },
  ];
  const expect = at('tests[].expect');
  const { description, ...record } = expect;
  for (const key of Object.keys(expect)) delete expect[key];
  Object.assign(expect, { description, anyOf: [{ enum: ['allow', 'deny'] }, record] });
}
