import type { JWTVerifyGetKey } from 'jose';
import { jwtVerify } from 'jose';
import type { TokenEndpointGrantContext } from 'oidc-provider';
import { z } from 'zod';
import type { ActClaim } from './access-token-claims.ts';
import { issueUserToken } from './issue-user-token.ts';
import { errors } from './oidc-provider.ts';
import { ACCESS_TOKEN_SECONDS } from './resources.ts';
import { findUser } from './users.ts';

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** The form parameters that RFC 8693, section 2.1, defines, as far as this endpoint reads them. */
export interface TokenExchangeParameters {
  subject_token?: string;
  subject_token_type?: string;
  requested_token_type?: string;
  actor_token?: string;
  /** At most the scope of the subject token, which is also the default. */
  scope?: string;
  /** The audience of the subject token by default. */
  resource?: string;
}

export const TOKEN_EXCHANGE_PARAMETERS: readonly (keyof TokenExchangeParameters)[] = [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'actor_token',
  'scope',
  'resource',
];

const Act: z.ZodType<ActClaim> = z.object({
  sub: z.string(),
  get act() {
    return Act.optional();
  },
});

/** What must be known of a subject token, whether it is a JWT or opaque. */
const SubjectToken = z.object({
  sub: z.string(),
  aud: z.string().optional(),
  scope: z.string().default(''),
  exp: z.number(),
  acr: z.string(),
  amr: z.array(z.string()),
  auth_time: z.number(),
  act: Act.optional(),
  cnf: z.unknown().optional(),
});
type SubjectToken = z.output<typeof SubjectToken>;

/**
 * The token exchange grant (RFC 8693) for delegation: an agent presents a user's access token and
 * gets one of its own. The user stays the subject, and `act` names the agent that acts for them;
 * if the presented token had an actor already, that one is nested inside. The new token lives no
 * longer and reaches no further than the presented one.
 *
 * @param keys the public keys of this identity provider
 * @throws errors.OIDCProviderError with the codes of RFC 6749, section 5.2, and RFC 8693, section 2.2.2
 */
export async function tokenExchangeGrant(
  ctx: TokenEndpointGrantContext<TokenExchangeParameters>,
  keys: JWTVerifyGetKey,
): Promise<void> {
  const { client, params } = ctx.oidc;
  checkParameters(params);
  const subject = await readSubjectToken(ctx, params.subject_token ?? '', keys);

  const scope = params.scope ?? subject.scope;
  const granted = subject.scope.split(' ');
  if (!scope.split(' ').every((name) => granted.includes(name))) {
    throw new errors.InvalidScope('more than the subject_token has', scope);
  }
  if (params.resource === undefined && subject.aud !== undefined) {
    params.resource = subject.aud;
  }

  const { acr, amr, auth_time } = subject;
  const act: ActClaim = {
    sub: client.clientId,
    ...(subject.act !== undefined && { act: subject.act }),
  };
  await issueUserToken(ctx, {
    accountId: subject.sub,
    scope,
    expiresInSeconds: Math.min(ACCESS_TOKEN_SECONDS, subject.exp - Math.floor(Date.now() / 1000)),
    authentication: { acr, amr, auth_time, act },
    issuedTokenType: ACCESS_TOKEN_TYPE,
  });
}

function checkParameters(params: TokenExchangeParameters): void {
  if (params.subject_token === undefined) {
    throw new errors.InvalidRequest('subject_token is missing');
  }
  if (params.subject_token_type !== ACCESS_TOKEN_TYPE) {
    throw new errors.InvalidRequest(`subject_token_type must be ${ACCESS_TOKEN_TYPE}`);
  }
  if ((params.requested_token_type ?? ACCESS_TOKEN_TYPE) !== ACCESS_TOKEN_TYPE) {
    throw new errors.InvalidRequest(`requested_token_type must be ${ACCESS_TOKEN_TYPE}`);
  }
  if (params.actor_token !== undefined) {
    throw new errors.InvalidRequest('actor_token is not supported: the client itself is the actor');
  }
}

async function readSubjectToken(
  ctx: TokenEndpointGrantContext,
  token: string,
  keys: JWTVerifyGetKey,
): Promise<SubjectToken> {
  const claims = (await readOpaqueToken(ctx, token)) ?? (await readJwt(ctx, token, keys));
  const subject = SubjectToken.safeParse(claims);
  if (!subject.success || findUser(subject.data.sub) === undefined) {
    // RFC 8693, section 2.2.2, wants invalid_request for a subject token that is invalid for any reason.
    throw new errors.InvalidRequest('subject_token is not a valid access token of a user');
  }
  if (subject.data.cnf !== undefined) {
    throw new errors.InvalidRequest('subject_token is bound to a key that the actor does not have');
  }
  return subject.data;
}

async function readOpaqueToken(ctx: TokenEndpointGrantContext, value: string): Promise<unknown> {
  const token = await ctx.oidc.provider.AccessToken.find(value);
  if (token === undefined) {
    return undefined;
  }
  const { accountId: sub, aud, scope, exp, extra } = token;
  return { ...extra, sub, aud, scope, exp, ...(token.isSenderConstrained() && { cnf: {} }) };
}

async function readJwt(
  ctx: TokenEndpointGrantContext,
  value: string,
  keys: JWTVerifyGetKey,
): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(value, keys, {
      issuer: ctx.oidc.provider.issuer,
      typ: 'at+jwt',
      requiredClaims: ['exp'],
    });
    return payload;
  } catch {
    return undefined;
  }
}
