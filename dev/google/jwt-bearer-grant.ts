import { compactVerify, decodeProtectedHeader } from 'jose';
import { epochSeconds } from '../../src/core/clock.ts';
import { type JsonObject, ownMember } from '../../src/core/json.ts';
import type { ServiceAccount } from './accounts.ts';
import { json, parseJsonObject, type Reply } from './call.ts';
import { oauthError } from './errors.ts';
import { signIdToken } from './sign-id-token.ts';
import { ACCESS_TOKEN_LIFETIME_SECONDS, type World } from './world.ts';

const MAX_ASSERTION_SECONDS = 3600;
/** How far ahead `iat` may be. Google says "a reasonable timeframe" and no number. */
const CLOCK_SKEW_SECONDS = 300;

const NOT_SHORT_LIVED =
  'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
  'Check your iat and exp values in the JWT claim.';

/**
 * The JWT-bearer grant of RFC 7523, for service accounts. With a `scope` claim the answer holds an
 * access token, with `target_audience` an ID token.
 * developers.google.com/identity/protocols/oauth2/service-account (claims, checks, error codes) and
 * cloud.google.com/docs/authentication/get-id-token.
 */
export async function jwtBearerGrant(world: World, form: URLSearchParams): Promise<Reply> {
  const assertion = form.get('assertion') ?? '';
  const claims = readClaims(assertion);
  if (claims === undefined) return oauthError('invalid_request', 'Bad Request');

  const account = accountOf(world, claims);
  if (account === undefined) return oauthError('invalid_grant', 'Invalid grant: account not found');
  if (!(await isSignedBy(account, assertion))) {
    return oauthError('invalid_grant', 'Invalid JWT Signature.');
  }
  return checkClaims(world, account, claims) ?? (await grant(world, account, claims));
}

function checkClaims(world: World, account: ServiceAccount, claims: JsonObject): Reply | undefined {
  const iat = numericDate(claims, 'iat');
  if (iat === undefined)
    return oauthError('invalid_grant', 'Invalid JWT: iat (issued at) is not set.');
  const exp = numericDate(claims, 'exp');
  if (exp === undefined) {
    return oauthError('invalid_grant', 'Invalid JWT: exp (expiration time) is not set.');
  }
  const now = epochSeconds(world.clock);
  if (exp <= now || exp - iat > MAX_ASSERTION_SECONDS || iat > now + CLOCK_SKEW_SECONDS) {
    return oauthError('invalid_grant', NOT_SHORT_LIVED);
  }
  const audience = ownMember(claims, 'aud');
  // The first is what key files name; the other two are what Google's guides and libraries write.
  const accepted = [
    `${world.url}/token`,
    'https://oauth2.googleapis.com/token',
    'https://www.googleapis.com/oauth2/v4/token',
  ];
  if (typeof audience !== 'string' || !accepted.includes(audience)) {
    return oauthError('invalid_grant', 'Invalid JWT: Failed audience check.');
  }
  const subject = ownMember(claims, 'sub');
  if (subject !== undefined && subject !== account.email && subject !== account.uniqueId) {
    // Domain-wide delegation, which no account here has.
    return oauthError(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      401,
    );
  }
  return undefined;
}

async function grant(world: World, account: ServiceAccount, claims: JsonObject): Promise<Reply> {
  const audience = ownMember(claims, 'target_audience');
  if (typeof audience === 'string' && audience !== '') {
    const request = { account, audience, includeEmail: true, azp: account.email };
    return json(200, { id_token: await signIdToken(world, request) });
  }
  const scope = ownMember(claims, 'scope');
  const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
  if (scopes.length === 0 || !scopes.every(isGoogleScope)) {
    return oauthError('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  return json(200, {
    access_token: world.accessTokens.issue([account.email], scopes, ACCESS_TOKEN_LIFETIME_SECONDS),
    expires_in: ACCESS_TOKEN_LIFETIME_SECONDS,
    token_type: 'Bearer',
  });
}

/** developers.google.com/identity/protocols/oauth2/scopes: all but a few are URLs of this form. */
function isGoogleScope(scope: string): boolean {
  return /^(openid|email|profile|https:\/\/www\.googleapis\.com\/auth\/[\w.-]+)$/.test(scope);
}

function readClaims(assertion: string): JsonObject | undefined {
  const [header, payload, signature, ...rest] = assertion.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  if (parseJsonObject(Buffer.from(header, 'base64url').toString('utf8')) === undefined) {
    return undefined;
  }
  return parseJsonObject(Buffer.from(payload, 'base64url').toString('utf8'));
}

function accountOf(world: World, claims: JsonObject): ServiceAccount | undefined {
  const issuer = ownMember(claims, 'iss');
  return typeof issuer === 'string' ? world.accounts.find(issuer) : undefined;
}

/** `kid` picks the key where there is one; google-auth-library for Node sends none. */
async function isSignedBy(account: ServiceAccount, assertion: string): Promise<boolean> {
  for (const key of account.keys) {
    try {
      const { kid } = decodeProtectedHeader(assertion);
      if (kid !== undefined && kid !== key.id) continue;
      await compactVerify(assertion, key.publicKey, { algorithms: ['RS256'] });
      return true;
    } catch {
      // The next key may be the one.
    }
  }
  return false;
}

/** Google takes digits in a string as well as a number. */
function numericDate(claims: JsonObject, name: string): number | undefined {
  const value = ownMember(claims, name);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
