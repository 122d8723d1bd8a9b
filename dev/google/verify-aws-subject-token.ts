import { isJsonObject, type JsonObject, ownMember } from '../../src/core/json.ts';
import {
  type CallerIdentityRequest,
  getCallerIdentity,
  regionOf,
} from '../aws/get-caller-identity.ts';
import { parseJsonObject } from './call.ts';
import type { SubjectTokenVerdict } from './verify-subject-token.ts';
import type { AwsProvider } from './world.ts';

const TARGET = 'x-goog-cloud-target-resource';

/**
 * Verifies a serialized GetCallerIdentity request as the reference of `subject_token` describes it, and
 * then asks AWS, which here is a table of access keys
 * (cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token).
 * The mapping is the default one: google.subject is the ARN, and attribute.aws_role the ARN of a role
 * without the session (cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds#mappings-and-conditions).
 *
 * @param now seconds since the epoch
 */
export function verifyAwsSubjectToken(
  provider: AwsProvider,
  token: string,
  now: number,
): SubjectTokenVerdict {
  const request = readRequest(token);
  if (request === undefined) return deny('Invalid format of AWS credentials.');
  const refusal = checkRequest(provider, request);
  if (refusal !== undefined) return deny(refusal);

  const { accessKeys, accountId } = provider.aws;
  const keys = typeof accessKeys === 'function' ? accessKeys() : accessKeys;
  const caller = getCallerIdentity(request, keys, now);
  if (caller.outcome === 'deny') {
    return deny(`AWS refused the GetCallerIdentity request: ${caller.code}: ${caller.message}`);
  }
  if (caller.account !== accountId) {
    return deny(`The AWS account ${caller.account} is not the one of the provider.`);
  }
  return { outcome: 'allow', subject: caller.arn, attributes: { aws_role: roleOf(caller.arn) } };
}

function checkRequest(provider: AwsProvider, request: CallerIdentityRequest): string | undefined {
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  if (
    url === undefined ||
    url.protocol !== 'https:' ||
    `${url.username}${url.password}${url.hash}` !== '' ||
    url.pathname !== '/' ||
    regionOf(url.host) === undefined
  ) {
    return 'The url is not an endpoint of AWS STS.';
  }
  const query = url.searchParams.toString();
  if (query !== 'Action=GetCallerIdentity&Version=2011-06-15') {
    return 'The url does not ask for GetCallerIdentity of version 2011-06-15.';
  }
  if (request.method !== 'POST') return 'The method must be POST.';
  const missing = ['authorization', 'x-amz-date', 'host', TARGET].find(
    (name) => !request.headers.has(name),
  );
  if (missing !== undefined) return `The header ${missing} is missing.`;
  if (request.headers.get('host') !== url.host) return 'The header host is not that of the url.';

  const target = request.headers.get(TARGET);
  if (target !== provider.audience && target !== `https:${provider.audience}`) {
    return `The header ${TARGET} does not name the provider.`;
  }
  const signed = /SignedHeaders=([^,\s]*)/.exec(request.headers.get('authorization') ?? '')?.[1];
  if (provider.aws.acceptUnsignedTarget !== true && !signed?.split(';').includes(TARGET)) {
    return `The header ${TARGET} is not signed.`;
  }
  return undefined;
}

/** @returns undefined unless it is URL-encoded JSON of exactly the documented form */
function readRequest(token: string): CallerIdentityRequest | undefined {
  if (token.startsWith('{')) return undefined;
  const json = parseJsonObject(urlDecode(token));
  if (json === undefined || Object.keys(json).toSorted().join() !== 'headers,method,url') {
    return undefined;
  }
  const { url, method, headers } = json;
  if (typeof url !== 'string' || typeof method !== 'string' || !Array.isArray(headers)) {
    return undefined;
  }
  const byName = new Map<string, string>();
  for (const header of headers) {
    const pair = isJsonObject(header) ? readHeader(header) : undefined;
    if (pair === undefined || byName.has(pair.name)) return undefined;
    byName.set(pair.name, pair.value);
  }
  return { url, method, headers: byName };
}

function readHeader(header: JsonObject): { name: string; value: string } | undefined {
  const key = ownMember(header, 'key');
  const value = ownMember(header, 'value');
  if (typeof key !== 'string' || typeof value !== 'string') return undefined;
  return Object.keys(header).length === 2 ? { name: key.toLowerCase(), value } : undefined;
}

/** As forms are encoded: the reference's own example has `+` for a space. */
function urlDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}

function roleOf(arn: string): string {
  return /^(.*:assumed-role\/[^/]+)\//.exec(arn)?.[1] ?? arn;
}

function deny(description: string): SubjectTokenVerdict {
  return { outcome: 'deny', description };
}
