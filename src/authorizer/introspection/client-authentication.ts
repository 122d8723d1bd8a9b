import { SignJWT } from 'jose';
import { type Clock, epochSeconds } from '../../core/clock.ts';
import { ConfigError } from '../../core/config-error.ts';
import { parseClientKey } from './parse-client-key.ts';
import type { IntrospectionSettings } from './settings.ts';

/** What a request carries to say which client it is from. */
export interface ClientCredentials {
  headers: Record<string, string>;
  parameters: Record<string, string>;
}

/** Asked anew for every request: an assertion must be used once only. */
export type AuthenticateClient = () => Promise<ClientCredentials>;

/** Long enough for a clock that is somewhat off, short enough that a leaked assertion is soon worth nothing. */
const ASSERTION_SECONDS = 60;

/**
 * Prepares the way a client authenticates at its authorization server. A key is parsed here, once.
 *
 * @param randomId never gives the same text twice
 * @throws ConfigError where the secret is missing or the key is missing or unfit
 */
export function createClientAuthentication(
  settings: IntrospectionSettings,
  { clock, randomId }: { clock: Clock; randomId: () => string },
): AuthenticateClient {
  const { client_id, client_auth_method } = settings;
  switch (client_auth_method) {
    case 'client_secret_basic': {
      const client_secret = required(settings, 'client_secret');
      // RFC 6749 §2.3.1: encoded first, so that a `:` in the id does not end it.
      const pair = `${formEncode(client_id)}:${formEncode(client_secret)}`;
      const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
      return async () => ({ headers: { authorization }, parameters: {} });
    }
    case 'client_secret_post': {
      const client_secret = required(settings, 'client_secret');
      return async () => ({ headers: {}, parameters: { client_id, client_secret } });
    }
    case 'private_key_jwt':
      return assertionMethod(settings, { clock, randomId });
  }
}

/** RFC 7523 §2.2, §3; OpenID Connect Core 1.0 §9. */
function assertionMethod(
  settings: IntrospectionSettings,
  { clock, randomId }: { clock: Clock; randomId: () => string },
): AuthenticateClient {
  const { client_id, client_assertion_audience, client_key_id, endpoint } = settings;
  const key = parseClientKey(required(settings, 'client_key'));
  const kid = client_key_id ?? key.kid;
  const header = { alg: key.alg, ...(kid === undefined ? {} : { kid }) };
  return async () => {
    const now = epochSeconds(clock);
    const client_assertion = await new SignJWT()
      .setProtectedHeader(header)
      .setIssuer(client_id)
      .setSubject(client_id)
      .setAudience(client_assertion_audience ?? endpoint)
      .setJti(randomId())
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_SECONDS)
      .sign(key.privateKey);
    return {
      headers: {},
      parameters: {
        client_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion,
      },
    };
  };
}

function required(settings: IntrospectionSettings, name: 'client_secret' | 'client_key'): string {
  const value = settings[name] ?? '';
  if (value !== '') return value;
  throw new ConfigError([`introspection.${name}: is required by ${settings.client_auth_method}`]);
}

/** RFC 6749 appendix B. */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice('='.length);
}
