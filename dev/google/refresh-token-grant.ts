import { createHash } from 'node:crypto';
import { type Call, json, type Reply } from './call.ts';
import { oauthError } from './errors.ts';
import { signIdToken } from './sign-id-token.ts';
import type { User } from './users.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, type World } from './world.ts';

const EMAIL_SCOPES = ['email', 'https://www.googleapis.com/auth/userinfo.email'];

/**
 * The refresh-token grant, for users: RFC 6749 §6 and
 * developers.google.com/identity/protocols/oauth2/web-server#offline. Google gives an ID token along
 * where the user granted `openid`; its audience is the client, whatever the request asks for
 * (developers.google.com/identity/openid-connect/openid-connect#obtainuserinfo).
 */
export async function refreshTokenGrant(
  world: World,
  call: Call,
  form: URLSearchParams,
): Promise<Reply> {
  const repeated = [...new Set(form.keys())].find((name) => form.getAll(name).length > 1);
  if (repeated !== undefined) {
    return oauthError(
      'invalid_request',
      `OAuth 2 parameters can only have a single value: ${repeated}`,
    );
  }
  const client = readClient(call, form);
  if (client.id === '') {
    return oauthError('invalid_request', 'Could not determine client ID from request.');
  }
  const secret = world.users.clientSecret(client.id);
  if (secret === undefined) {
    return oauthError('invalid_client', 'The OAuth client was not found.', 401);
  }
  if (client.secret === '') return oauthError('invalid_request', 'client_secret is missing.');
  if (client.secret !== secret) {
    return oauthError('invalid_client', 'The provided client secret is invalid.', 401);
  }

  const refreshToken = form.get('refresh_token') ?? '';
  if (refreshToken === '') {
    return oauthError('invalid_request', 'Missing required parameter: refresh_token');
  }
  const user = world.users.findByRefreshToken(refreshToken);
  if (user === undefined) return oauthError('invalid_grant', 'Bad Request');
  if (user.clientId !== client.id) return oauthError('unauthorized_client', 'Unauthorized', 401);
  if (user.revoked) {
    return oauthError('invalid_grant', 'Token has been expired or revoked.');
  }
  const scopes = (form.get('scope') ?? '').split(' ').filter(Boolean);
  const beyond = scopes.find((scope) => !user.scopes.includes(scope));
  if (beyond !== undefined) return oauthError('invalid_scope', 'Bad Request');
  return await grant(world, user, scopes.length === 0 ? user.scopes : scopes);
}

async function grant(world: World, user: User, scopes: readonly string[]): Promise<Reply> {
  const accessToken = world.accessTokens.issue([user.email], scopes, ACCESS_TOKEN_LIFETIME_SECONDS);
  return json(200, {
    access_token: accessToken,
    expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
    scope: scopes.join(' '),
    token_type: 'Bearer',
    ...(scopes.includes('openid')
      ? {
          id_token: await signIdToken(world, {
            account: user,
            audience: user.clientId,
            azp: user.clientId,
            includeEmail: scopes.some((scope) => EMAIL_SCOPES.includes(scope)),
            claims: { at_hash: atHash(accessToken) },
          }),
        }
      : {}),
  });
}

/** Google takes the client's credentials in the form or as HTTP Basic (its discovery document). */
function readClient(call: Call, form: URLSearchParams): { id: string; secret: string } {
  const basic = /^Basic ([\w+/]+=*)$/i.exec(call.headers.authorization ?? '')?.[1];
  if (basic !== undefined && !form.has('client_id')) {
    const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s);
    return { id, secret };
  }
  return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
}

/** OpenID Connect Core §3.1.3.6, for RS256. */
function atHash(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
}
