import { type JsonObject, type JsonValue, ownMember } from '../../src/core/json.ts';
import type { ServiceAccount } from './accounts.ts';
import { authenticate } from './authenticate.ts';
import { type Call, json, parseJsonObject, type Reply } from './call.ts';
import { apiError } from './errors.ts';
import { checkPermission, readDelegates } from './iam-permission.ts';
import { signIdToken } from './sign-id-token.ts';
import { CLOUD_PLATFORM_SCOPE, type World } from './world.ts';

const SERVICE = 'google.iam.credentials.v1.IAMCredentials';
const ACCEPTED_SCOPES = [CLOUD_PLATFORM_SCOPE, 'https://www.googleapis.com/auth/iam'];
const MAX_LIFETIME_SECONDS = 3600;

export type IamMethod = 'generateIdToken' | 'generateAccessToken';

/** `/v1/projects/{project}/serviceAccounts/{account}:{method}`; undefined for any other path. */
export function parseIamPath(
  path: string,
): { project: string; account: string; method: IamMethod } | undefined {
  const match =
    /^\/v1\/projects\/([^/]+)\/serviceAccounts\/([^/:]+):(generateIdToken|generateAccessToken)$/.exec(
      path,
    );
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  try {
    const method = match[3] === 'generateIdToken' ? 'generateIdToken' : 'generateAccessToken';
    return { project: match[1], account: decodeURIComponent(match[2]), method };
  } catch {
    return undefined;
  }
}

/**
 * iamcredentials.googleapis.com:
 * cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken and
 * …/generateAccessToken. signBlob and signJwt are not offered.
 */
export async function iamCredentials(world: World, call: Call): Promise<Reply> {
  const target = parseIamPath(call.path);
  if (target === undefined) return apiError(404, 'NOT_FOUND', 'Method not found.');
  const { project, account: name, method } = target;

  const grant = authenticate(world, call, {
    service: 'iamcredentials.googleapis.com',
    method: `${SERVICE}.${method === 'generateIdToken' ? 'GenerateIdToken' : 'GenerateAccessToken'}`,
    scopes: ACCEPTED_SCOPES,
  });
  if ('status' in grant) return grant;
  const body = parseBody(call.body, method);
  if ('status' in body) return body;
  // "The - wildcard character is required; replacing it with a project ID is invalid."
  if (project !== '-') return invalidArgument();
  const delegates = readDelegates(ownMember(body.fields, 'delegates'));
  if (delegates === undefined) return invalidArgument();

  const account = world.accounts.find(name);
  if (account === undefined) {
    return apiError(404, 'NOT_FOUND', `Not found; Gaia id not found for email ${name}`);
  }
  const refusal = checkPermission(
    world,
    grant,
    delegates,
    account,
    method === 'generateIdToken'
      ? 'iam.serviceAccounts.getOpenIdToken'
      : 'iam.serviceAccounts.getAccessToken',
  );
  if (refusal !== undefined) return refusal;
  return method === 'generateIdToken'
    ? await generateIdToken(world, account, body.fields)
    : generateAccessToken(world, account, body.fields);
}

async function generateIdToken(
  world: World,
  account: ServiceAccount,
  body: JsonObject,
): Promise<Reply> {
  const audience = ownMember(body, 'audience');
  if (typeof audience !== 'string' || audience === '') return invalidArgument();
  return json(200, {
    token: await signIdToken(world, {
      account,
      audience,
      includeEmail: isTrue(ownMember(body, 'includeEmail')),
      // Not in the reference, but every Google client library sends it.
      ...(isTrue(ownMember(body, 'useEmailAzp')) ? { azp: account.email } : {}),
      claims: isTrue(ownMember(body, 'organizationNumberIncluded'))
        ? { google: { organization_number: null } }
        : {},
    }),
  });
}

function generateAccessToken(world: World, account: ServiceAccount, body: JsonObject): Reply {
  const scope = ownMember(body, 'scope');
  const scopes = Array.isArray(scope) ? scope.filter((s) => typeof s === 'string' && s !== '') : [];
  if (!Array.isArray(scope) || scopes.length === 0 || scopes.length !== scope.length) {
    return invalidArgument();
  }
  const lifetime = ownMember(body, 'lifetime') ?? `${MAX_LIFETIME_SECONDS}s`;
  const match = typeof lifetime === 'string' ? /^(\d{1,9})(?:\.\d{1,9})?s$/.exec(lifetime) : null;
  const seconds = Number(match?.[1] ?? Number.NaN);
  if (!(seconds > 0 && seconds <= MAX_LIFETIME_SECONDS)) return invalidArgument();
  const expires = new Date((Math.floor(world.clock() / 1000) + seconds) * 1000);
  return json(200, {
    accessToken: world.accessTokens.issue([account.email], scopes.map(String), seconds),
    expireTime: expires.toISOString().replace('.000Z', 'Z'),
  });
}

const FIELDS: Record<IamMethod, readonly string[]> = {
  generateIdToken: [
    'delegates',
    'audience',
    'includeEmail',
    'useEmailAzp',
    'organizationNumberIncluded',
  ],
  generateAccessToken: ['delegates', 'scope', 'lifetime'],
};

function parseBody(text: string, method: IamMethod): { fields: JsonObject } | Reply {
  const fields = text === '' ? {} : parseJsonObject(text);
  if (fields === undefined) {
    return apiError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received. Expected an object.');
  }
  const unknown = Object.keys(fields).find((name) => !FIELDS[method].includes(name));
  if (unknown !== undefined) {
    const problem = `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`;
    return apiError(400, 'INVALID_ARGUMENT', problem);
  }
  return { fields };
}

/** Google's own libraries send booleans both ways. */
function isTrue(value: JsonValue | undefined): boolean {
  return value === true || value === 'true';
}

function invalidArgument(): Reply {
  return apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
}
