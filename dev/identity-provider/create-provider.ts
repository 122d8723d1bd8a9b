import { createLocalJWKSet } from 'jose';
import type { AdapterFactory, Configuration, JWK, KoaContextWithOIDC } from 'oidc-provider';
import { accessTokenClaims } from './access-token-claims.ts';
import { clientCertificate } from './client-certificate.ts';
import { clientMetadata, GATEWAYS, LOGIN_GRANT, TOKEN_EXCHANGE_GRANT } from './clients.ts';
import { LOGIN_PARAMETERS, type LoginParameters, loginGrant } from './login-grant.ts';
import { interactionUrl, loginPage } from './login-page.ts';
import { errors, interactionPolicy, Provider } from './oidc-provider.ts';
import { ACCESS_TOKEN_SECONDS, findResource } from './resources.ts';
import { CLAIMS_BY_SCOPE, OIDC_SCOPES } from './scopes.ts';
import { SIGNING_ALGORITHMS } from './signing-keys.ts';
import {
  TOKEN_EXCHANGE_PARAMETERS,
  type TokenExchangeParameters,
  tokenExchangeGrant,
} from './token-exchange-grant.ts';
import { ACR_VALUES, findUser, userClaims } from './users.ts';

const DAY_SECONDS = 86_400;

export interface ProviderState {
  issuer: string;
  /** Private keys; of several for one algorithm, the first one signs. */
  keys: JWK[];
  adapter: AdapterFactory;
  cookieKeys: string[];
}

/**
 * The OpenID Provider: oidc-provider with our clients, users, resources and grants. All its state is
 * handed in, so that another one with other keys can take over.
 */
export function createProvider(state: ProviderState): InstanceType<typeof Provider> {
  const provider = new Provider(state.issuer, configuration(state));

  const publicKeys = createLocalJWKSet({ keys: state.keys.map(publicKey) });
  provider.registerGrantType<LoginParameters>(LOGIN_GRANT, loginGrant, LOGIN_PARAMETERS);
  provider.registerGrantType<TokenExchangeParameters>(
    TOKEN_EXCHANGE_GRANT,
    (ctx) => tokenExchangeGrant(ctx, publicKeys),
    TOKEN_EXCHANGE_PARAMETERS,
  );
  provider.use(loginPage(provider));

  // oidc-provider keeps the reason of a refusal to itself. Whoever develops against it wants it.
  provider.on('grant.error', (ctx, { error_detail }) => {
    if (error_detail !== undefined) {
      ctx.body = Object.assign({}, ctx.body, { error_detail });
    }
  });
  provider.on('server_error', (_ctx, error) => {
    console.error('identity provider:', error);
  });
  return provider;
}

function configuration({ keys, adapter, cookieKeys }: ProviderState): Configuration {
  const policy = interactionPolicy.base();
  // Asks on every sign-in of a native client; our consent page would answer yes each time.
  policy.get('consent')?.checks.remove('native_client_prompt');

  return {
    adapter,
    clients: clientMetadata(),
    jwks: { keys },
    cookies: { keys: cookieKeys },
    responseTypes: ['code'],
    scopes: [...OIDC_SCOPES],
    claims: CLAIMS_BY_SCOPE,
    acrValues: [...ACR_VALUES],
    findAccount,
    extraTokenClaims: accessTokenClaims,
    interactions: { policy, url: interactionUrl },
    clientBasedCORS: () => true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: clientCertificate,
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) =>
          GATEWAYS.includes(client.clientId) || client.clientId === token.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo,
        defaultResource: (_ctx, _client, oneOf) => oneOf?.[0],
        useGrantedResource: () => true,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId,
      },
      userinfo: { enabled: true },
    },
    pkce: { required: () => true },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: 60,
      ClientCredentials: ACCESS_TOKEN_SECONDS,
      Grant: DAY_SECONDS,
      IdToken: ACCESS_TOKEN_SECONDS,
      Interaction: 3600,
      RefreshToken: DAY_SECONDS,
      Session: DAY_SECONDS,
    },
  };
}

function findAccount(_ctx: unknown, sub: string) {
  const user = findUser(sub);
  return user && { accountId: sub, claims: async () => userClaims(user) };
}

function getResourceServerInfo(ctx: KoaContextWithOIDC, identifier: string) {
  const resource = findResource(identifier);
  if (resource === undefined) {
    throw new errors.InvalidTarget('unknown resource');
  }
  const requested = ctx.oidc.params?.signing_alg ?? 'RS256';
  const alg = SIGNING_ALGORITHMS.find((name) => name === requested);
  if (alg === undefined) {
    throw new errors.InvalidRequest(`signing_alg must be one of ${SIGNING_ALGORITHMS.join(', ')}`);
  }
  return { ...resource, jwt: { sign: { alg } } };
}

function publicKey({ kty, crv, x, y, n, e, alg, kid }: JWK) {
  return Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e, alg, kid }).filter(([, value]) => value !== undefined),
  );
}
