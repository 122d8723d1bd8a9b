import { type Call, parseJsonObject } from './call.ts';

const NAMES = [
  'grant_type',
  'audience',
  'scope',
  'requested_token_type',
  'subject_token',
  'subject_token_type',
  'options',
] as const;

/** The fields of a token exchange under the names of RFC 8693; empty where absent. */
export type StsFields = Record<(typeof NAMES)[number], string>;

/**
 * They come as a form, as RFC 8693 writes them, or as JSON in camel case, as Google's reference writes
 * them. Fields that Google does not document, and repeated ones (RFC 6749 §3.2), are refused.
 */
export function readStsFields(call: Call): { fields: StsFields } | { problem: string } {
  const pairs = readPairs(call);
  if (pairs === undefined) return { problem: 'The request body is malformed.' };
  const fields = Object.fromEntries(NAMES.map((name) => [name, ''])) as StsFields;
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    const known = NAMES.find((candidate) => candidate === name);
    if (known === undefined) return { problem: `Unknown field: "${name}".` };
    if (seen.has(name)) return { problem: `Field given twice: "${name}".` };
    seen.add(name);
    fields[known] = value;
  }
  const problem = checkOptions(fields.options);
  return problem === undefined ? { fields } : { problem };
}

function readPairs(call: Call): [string, string][] | undefined {
  const type = call.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return [...new URLSearchParams(call.body)];
  const body = type === 'application/json' ? parseJsonObject(call.body) : undefined;
  if (body === undefined) return undefined;
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string') return undefined;
    pairs.push([NAMES.find((known) => camelCase(known) === name) ?? name, value]);
  }
  return pairs;
}

/**
 * `options` is a JSON object in a string. Its `userProject` is for workforce pools
 * (google.aip.dev/auth/4117), its `accessBoundary` for exchanges that are not offered.
 */
function checkOptions(options: string): string | undefined {
  if (options === '') return undefined;
  const parsed = parseJsonObject(options);
  if (parsed === undefined) return 'Invalid value for "options".';
  const [name] = Object.keys(parsed);
  return name === undefined ? undefined : `Invalid value for "options": unexpected "${name}".`;
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
}
