import type { JsonObject } from '../../src/core/json.ts';
import { ownMember } from '../../src/core/json.ts';
import { type Call, json, parseJsonObject, type Reply } from './call.ts';
import { oauthError } from './errors.ts';
import { createSubjectTokenVerifier } from './verify-subject-token.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, type World } from './world.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const SUBJECT_TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
];
const PROVIDER_NAME =
  /^\/\/iam\.googleapis\.com\/projects\/[^/]+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+$/;

/**
 * `POST /v1/token`, as sts.googleapis.com: RFC 8693 for workload identity pools
 * (cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). The fields come as a form, as
 * RFC 8693 writes them, or as JSON in camel case, as the reference writes them. Subject tokens are
 * OIDC JWTs; AWS, SAML and access-boundary exchanges are not offered.
 */
export function createStsToken(world: World): (call: Call) => Promise<Reply> {
  const verifySubjectToken = createSubjectTokenVerifier(world.clock);

  return async (call) => {
    const fields = readFields(call);
    if (fields === undefined)
      return oauthError('invalid_request', 'The request body is malformed.');
    const refusal = checkFields(fields);
    if (refusal !== undefined) return refusal;

    const provider = world.providers.find(({ audience }) => audience === fields('audience'));
    if (provider === undefined) {
      return oauthError(
        'invalid_target',
        'The target service indicated by the "audience" parameters is invalid. This might either be because ' +
          "the pool or provider is disabled or deleted or because it doesn't exist.",
      );
    }
    const verified = await verifySubjectToken(provider, fields('subject_token'));
    if (verified.outcome === 'deny') return oauthError('invalid_grant', verified.description);

    const pool = provider.audience
      .replace('//iam.googleapis.com/', 'iam.googleapis.com/')
      .replace(/\/providers\/[^/]+$/, '');
    // cloud.google.com/iam/docs/principal-identifiers: a single identity, and all of the pool
    const members = [`principal://${pool}/subject/${verified.subject}`, `principalSet://${pool}/*`];
    const scopes = fields('scope').split(' ').filter(Boolean);
    return json(200, {
      access_token: world.accessTokens.issue(members, scopes, ACCESS_TOKEN_LIFETIME_SECONDS),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
    });
  };
}

type Fields = (name: string) => string;

function readFields(call: Call): Fields | undefined {
  if (call.headers['content-type']?.startsWith('application/json')) {
    const body = parseJsonObject(call.body);
    return body === undefined ? undefined : (name) => member(body, camelCase(name));
  }
  const form = new URLSearchParams(call.body);
  return (name) => form.get(name) ?? '';
}

function checkFields(field: Fields): Reply | undefined {
  if (field('grant_type') !== TOKEN_EXCHANGE) {
    return oauthError(
      'unsupported_grant_type',
      `Invalid value for "grant_type": it must be "${TOKEN_EXCHANGE}".`,
    );
  }
  if (!PROVIDER_NAME.test(field('audience'))) {
    return oauthError(
      'invalid_request',
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. ' +
        'See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
    );
  }
  if (field('requested_token_type') !== ACCESS_TOKEN) {
    return oauthError('invalid_request', 'Invalid value for "requested_token_type".');
  }
  if (!SUBJECT_TOKEN_TYPES.includes(field('subject_token_type'))) {
    return oauthError('invalid_request', 'Invalid value for "subject_token_type".');
  }
  if (field('subject_token') === '') {
    return oauthError('invalid_request', 'Missing required field: "subject_token".');
  }
  if (field('scope').trim() === '') {
    return oauthError('invalid_scope', 'Missing required field: "scope".');
  }
  return undefined;
}

function member(body: JsonObject, name: string): string {
  const value = ownMember(body, name);
  return typeof value === 'string' ? value : '';
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
}
