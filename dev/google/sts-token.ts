import { epochSeconds } from '../../src/core/clock.ts';
import { type Call, json, type Reply } from './call.ts';
import { oauthError } from './errors.ts';
import { readStsFields, type StsFields } from './sts-fields.ts';
import { verifyAwsSubjectToken } from './verify-aws-subject-token.ts';
import { createSubjectTokenVerifier, type SubjectTokenVerdict } from './verify-subject-token.ts';
import {
  ACCESS_TOKEN_LIFETIME_SECONDS,
  type WorkloadIdentityProvider,
  type World,
} from './world.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const OIDC_TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
];
const AWS_TOKEN_TYPE = 'urn:ietf:params:aws:token-type:aws4_request';
const PROVIDER_NAME =
  /^\/\/iam\.googleapis\.com\/projects\/[^/]+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+$/;

/**
 * `POST /v1/token`, as sts.googleapis.com: RFC 8693 for workload identity pools
 * (cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). Subject tokens are OIDC JWTs and
 * AWS GetCallerIdentity requests; SAML and access-boundary exchanges are not offered.
 */
export function createStsToken(world: World): (call: Call) => Promise<Reply> {
  const verifyOidc = createSubjectTokenVerifier(world.clock);

  async function verify(
    provider: WorkloadIdentityProvider,
    fields: StsFields,
  ): Promise<SubjectTokenVerdict | undefined> {
    if ('aws' in provider) {
      if (fields.subject_token_type !== AWS_TOKEN_TYPE) return undefined;
      return verifyAwsSubjectToken(provider, fields.subject_token, epochSeconds(world.clock));
    }
    if (!OIDC_TOKEN_TYPES.includes(fields.subject_token_type)) return undefined;
    return await verifyOidc(provider, fields.subject_token);
  }

  return async (call) => {
    // "do not send the Authorization HTTP header in the request"
    if (call.headers.authorization !== undefined) {
      return oauthError('invalid_request', 'The request must not have an Authorization header.');
    }
    const read = readStsFields(call);
    if ('problem' in read) return oauthError('invalid_request', read.problem);
    const { fields } = read;
    const refusal = checkFields(fields);
    if (refusal !== undefined) return refusal;

    const provider = world.providers.find(({ audience }) => audience === fields.audience);
    if (provider === undefined) {
      return oauthError(
        'invalid_target',
        'The target service indicated by the "audience" parameters is invalid. This might either be because ' +
          "the pool or provider is disabled or deleted or because it doesn't exist.",
      );
    }
    const verified = await verify(provider, fields);
    if (verified === undefined) {
      return oauthError('invalid_request', 'Invalid value for "subject_token_type".');
    }
    if (verified.outcome === 'deny') return oauthError('invalid_grant', verified.description);
    return json(200, {
      access_token: world.accessTokens.issue(
        membersOf(provider, verified.subject, verified.attributes ?? {}),
        fields.scope.split(' ').filter(Boolean),
        ACCESS_TOKEN_LIFETIME_SECONDS,
      ),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
    });
  };
}

/** cloud.google.com/iam/docs/principal-identifiers: one identity, those with an attribute, all of the pool. */
function membersOf(
  { audience }: WorkloadIdentityProvider,
  subject: string,
  attributes: Record<string, string>,
): string[] {
  const pool = audience.replace(/^\/\//, '').replace(/\/providers\/[^/]+$/, '');
  return [
    `principal://${pool}/subject/${subject}`,
    ...Object.entries(attributes).map(
      ([name, value]) => `principalSet://${pool}/attribute.${name}/${value}`,
    ),
    `principalSet://${pool}/*`,
  ];
}

function checkFields(fields: StsFields): Reply | undefined {
  if (fields.grant_type !== TOKEN_EXCHANGE) {
    return oauthError(
      'unsupported_grant_type',
      `Invalid value for "grant_type": it must be "${TOKEN_EXCHANGE}".`,
    );
  }
  if (!PROVIDER_NAME.test(fields.audience)) {
    return oauthError(
      'invalid_request',
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. ' +
        'See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
    );
  }
  if (fields.requested_token_type !== ACCESS_TOKEN) {
    return oauthError('invalid_request', 'Invalid value for "requested_token_type".');
  }
  if (![...OIDC_TOKEN_TYPES, AWS_TOKEN_TYPE].includes(fields.subject_token_type)) {
    return oauthError('invalid_request', 'Invalid value for "subject_token_type".');
  }
  if (fields.subject_token === '') {
    return oauthError('invalid_request', 'Missing required field: "subject_token".');
  }
  if (fields.scope.trim() === '') {
    return oauthError('invalid_scope', 'Missing required field: "scope".');
  }
  return undefined;
}
