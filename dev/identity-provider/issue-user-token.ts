import type { AccessToken, TokenEndpointGrantContext } from 'oidc-provider';
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  resolveRequestedResources,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js';
import { type Authentication, setAuthentication } from './access-token-claims.ts';
import { errors } from './oidc-provider.ts';
import { OIDC_SCOPES } from './scopes.ts';

export interface UserToken {
  accountId: string;
  /** Space-separated, as requested. */
  scope: string;
  expiresInSeconds: number;
  authentication: Authentication;
  /** RFC 8693, section 2.2.1. */
  issuedTokenType?: string;
}

/**
 * Issues an access token for a user and answers the token request with it: for the one `resource`
 * the request names, or for the userinfo endpoint if it names none. The token is bound to the
 * client's key when the request carries a DPoP proof (RFC 9449), or to its certificate where the
 * client is registered so (RFC 8705).
 *
 * @throws errors.InvalidTarget, errors.InvalidScope, errors.InvalidDpopProof
 */
export async function issueUserToken(
  ctx: TokenEndpointGrantContext,
  { accountId, scope, expiresInSeconds, authentication, issuedTokenType }: UserToken,
): Promise<void> {
  const { client, params, provider } = ctx.oidc;
  const [resourceServer, ...others] = await resolveRequestedResources(provider, ctx);
  if (others.length > 0) {
    throw new errors.InvalidTarget('one resource at a time');
  }

  const scopes = knownScopes(scope, resourceServer?.scopes ?? new Set());
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  if (resourceServer === undefined) {
    grant.addOIDCScope(scopes);
  } else {
    grant.addResourceScope(resourceServer.identifier(), scopes);
  }

  const token = new provider.AccessToken({
    client,
    accountId,
    resourceServer,
    grantId: await grant.save(),
    gty: params.grant_type,
    expiresIn: expiresInSeconds,
    // A token for a resource says nothing about userinfo, and the other way round.
    scope: scopes.filter((name) => resourceServer?.scopes.has(name) ?? true).join(' ') || undefined,
  });
  setAuthentication(token, authentication);
  await bindToSender(ctx, token);

  ctx.oidc.entity('AccessToken', token);
  ctx.body = buildTokenResponse(provider, {
    accessToken: await token.save(),
    expiresIn: token.expiration,
    issuedTokenType,
    scope: token.scope,
    tokenType: token.tokenType,
  });
}

/** A misspelt scope would otherwise show up much later, as a refusal by the gateway. */
function knownScopes(scope: string, ofResource: Set<string>): string[] {
  const scopes = scope.split(' ').filter(Boolean);
  const unknown = scopes.filter((name) => !OIDC_SCOPES.has(name) && !ofResource.has(name));
  if (unknown.length > 0) {
    throw new errors.InvalidScope(`unknown for this resource: ${unknown.join(' ')}`, scope);
  }
  return scopes;
}

async function bindToSender(ctx: TokenEndpointGrantContext, token: AccessToken): Promise<void> {
  const { client, provider } = ctx.oidc;
  const certificate = checkMtlsCert(provider, ctx);
  if (certificate !== undefined) {
    token.setThumbprint('x5t', certificate);
  }
  const proof = await validateDpop(provider, ctx);
  checkDpopRequired(provider, ctx, proof);
  if (proof !== undefined) {
    await checkDpopReplay(provider, ctx, proof, client.clientId);
    token.setThumbprint('jkt', proof.thumbprint);
  }
}
