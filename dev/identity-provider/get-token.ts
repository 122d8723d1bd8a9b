import { CLIENT_CERTIFICATE_HEADER } from './client-certificate-header.ts';
import { type ClientId, clientSecret, LOGIN_GRANT, TOKEN_EXCHANGE_GRANT } from './clients.ts';
import type { SigningAlgorithm } from './signing-keys.ts';

export interface TokenRequest {
  /** `tasks-cli` for a user, `nightly-batch` otherwise, and `tasks-mtls` with a certificate. */
  client?: ClientId;
  /** Instead of the client's own; to see it refused. */
  clientSecret?: string;
  /** Who the token is for. Without a user the client gets one for itself (client credentials). */
  user?: string;
  /** Space-separated; `tasks:read tasks:write` by default, `''` for none. */
  scope?: string;
  /** `https://tasks.example.com` by default, `''` for a token that only userinfo takes. */
  resource?: string;
  /** An agent that exchanges the user's token for one of its own, with itself in `act`. */
  actor?: ClientId;
  /** Instead of the user's own. */
  acr?: string;
  /** Instead of the user's own. */
  amr?: string[];
  /** How long ago the user authenticated; 0 by default. */
  authAgeSeconds?: number;
  /** 300 by default. A token got from an exchange lives no longer than the one it was got for. */
  expiresInSeconds?: number;
  /** The key that signs a user's JWT; RS256 by default. */
  signingAlgorithm?: SigningAlgorithm;
  /** A DPoP proof (RFC 9449) for `POST <issuer>/token`; binds a token got without exchange. */
  dpopProof?: string;
  /** PEM: the certificate (RFC 8705) that binds a token of the client `tasks-mtls`. */
  clientCertificate?: string;
}

/** The identity provider refused, or could not be reached. */
export class TokenRequestError extends Error {
  override readonly name = 'TokenRequestError';
  /** The `error` of RFC 6749, section 5.2, or `unreachable`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/**
 * Gets an access token from the development identity provider, without a browser.
 *
 * @param issuer where it listens, e.g. `http://127.0.0.1:4400`
 * @throws TokenRequestError
 * @example
 * await getToken(issuer, { user: 'alice' });
 * await getToken(issuer, { user: 'alice', actor: 'planning-agent', scope: 'tasks:read' });
 * await getToken(issuer, { user: 'alice', clientCertificate: pem });
 * await getToken(issuer, { client: 'nightly-batch', resource: 'https://opaque.example.com' });
 */
export async function getToken(issuer: string, request: TokenRequest = {}): Promise<string> {
  const {
    user,
    actor,
    scope = 'tasks:read tasks:write',
    resource = 'https://tasks.example.com',
  } = request;

  const token = await postTokenRequest(issuer, request.client ?? defaultClient(request), {
    clientSecret: request.clientSecret,
    dpopProof: request.dpopProof,
    clientCertificate: request.clientCertificate,
    form: {
      grant_type: user === undefined ? 'client_credentials' : LOGIN_GRANT,
      username: user,
      scope,
      resource,
      acr: request.acr,
      amr: request.amr?.join(' '),
      auth_age: request.authAgeSeconds,
      expires_in: request.expiresInSeconds,
      signing_alg: request.signingAlgorithm,
    },
  });
  return actor === undefined ? token : exchangeToken(issuer, token, { actor });
}

/**
 * Exchanges a user's access token for one of an agent's (RFC 8693): same user, same resource unless
 * another is named, at most the same scope, and the agent in `act`.
 *
 * @throws TokenRequestError
 */
export async function exchangeToken(
  issuer: string,
  subjectToken: string,
  options: { actor?: ClientId; scope?: string; resource?: string } = {},
): Promise<string> {
  const { actor = 'planning-agent', scope, resource } = options;
  return postTokenRequest(issuer, actor, {
    form: {
      grant_type: TOKEN_EXCHANGE_GRANT,
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope,
      resource,
    },
  });
}

function defaultClient({ user, clientCertificate }: TokenRequest): ClientId {
  if (clientCertificate !== undefined) return 'tasks-mtls';
  return user === undefined ? 'nightly-batch' : 'tasks-cli';
}

async function postTokenRequest(
  issuer: string,
  client: ClientId,
  {
    form,
    clientSecret: secret = clientSecret(client),
    dpopProof,
    clientCertificate,
  }: {
    form: Record<string, string | number | undefined>;
    clientSecret?: string | undefined;
    dpopProof?: string | undefined;
    clientCertificate?: string | undefined;
  },
): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/token`;
  const body = new URLSearchParams(secret === undefined ? { client_id: client } : {});
  for (const [name, value] of Object.entries(form)) {
    if (value !== undefined && value !== '') {
      body.set(name, String(value));
    }
  }
  const headers: Record<string, string> = {};
  if (secret !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`;
  }
  if (dpopProof !== undefined) {
    headers.dpop = dpopProof;
  }
  if (clientCertificate !== undefined) {
    headers[CLIENT_CERTIFICATE_HEADER] = encodeURIComponent(clientCertificate);
  }

  const { status, answer } = await fetch(url, { method: 'POST', headers, body }).then(
    async (response) => ({ status: response.status, answer: await readJson(response) }),
    (cause: unknown) => {
      throw new TokenRequestError(
        'unreachable',
        `no answer from ${url}; is the identity provider running?`,
        { cause },
      );
    },
  );
  if (status === 200 && typeof answer.access_token === 'string') {
    return answer.access_token;
  }
  const reasons = [answer.error_description, answer.error_detail].filter(Boolean).join('; ');
  throw new TokenRequestError(
    String(answer.error ?? `status_${status}`),
    `${reasons || 'no reason given'} (client ${client}, ${form.grant_type}, ${url})`,
  );
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = await response.json().catch(() => undefined);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
