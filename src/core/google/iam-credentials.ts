import type { gaxios } from 'google-auth-library';
import type { Clock } from '../clock.ts';
import { isJsonObject, type JsonObject, ownMember } from '../json.ts';
import { Malfunction } from '../malfunction.ts';
import type { AccessToken } from './access-token-source.ts';
import { AnswerMalfunction } from './answer-malfunction.ts';
import { authorizedRequest, type Caller } from './authorized-request.ts';

/** A service account that is impersonated, and through which others. */
export interface Target {
  /** The IAM Credentials API, without a slash at its end. */
  endpoint: string;
  service_account: string;
  /** Each may impersonate the next, and the last one the account. */
  delegates: readonly string[];
}

/** An access token needs the latter as well, but the chain asks for ID tokens. */
const DENIED =
  'permission denied; grant roles/iam.serviceAccountOpenIdTokenCreator on the service account to whom impersonates it ' +
  '(to delegates roles/iam.serviceAccountTokenCreator), and enable iamcredentials.googleapis.com';

/**
 * An ID token of the account, with its email.
 *
 * @throws Malfunction where there is none; what the transport throws where there is no answer
 * @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken
 */
export async function generateIdToken(
  caller: Caller,
  target: Target,
  audience: string,
  signal: AbortSignal,
): Promise<string> {
  const answer = await call(
    caller,
    target,
    // Cloud Run knows callers by email.
    { method: 'generateIdToken', body: { audience, includeEmail: true } },
    signal,
  );
  const token = ownMember(answer, 'token');
  if (typeof token !== 'string') throw new Malfunction('generateIdToken answered without a token');
  return token;
}

/**
 * An access token of the account, for an hour.
 *
 * @throws Malfunction where there is none; what the transport throws where there is no answer
 * @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
export async function generateAccessToken(
  caller: Caller,
  target: Target,
  scope: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<AccessToken> {
  const answer = await call(
    caller,
    target,
    { method: 'generateAccessToken', body: { scope: [scope] } },
    signal,
  );
  const text = ownMember(answer, 'accessToken');
  const expires = ownMember(answer, 'expireTime');
  const expires_at_ms = typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text) || !(expires_at_ms > clock())) {
    throw new Malfunction('generateAccessToken answered without a token that is valid');
  }
  return { text, expires_at_ms };
}

async function call(
  caller: Caller,
  { endpoint, service_account, delegates }: Target,
  { method, body }: { method: string; body: JsonObject },
  signal: AbortSignal,
): Promise<JsonObject> {
  const options: gaxios.GaxiosOptions = {
    // The wildcard in place of the project is required.
    url: `${endpoint}/v1/${resource(service_account)}:${method}`,
    method: 'POST',
    data: { ...body, ...(delegates.length > 0 ? { delegates: delegates.map(resource) } : {}) },
    responseType: 'json',
    // Nothing is changed by asking twice; but who says that there were too many requests is not asked more often.
    retryConfig: { httpMethodsToRetry: ['POST'] },
    validateStatus: (status) => status < 500,
  };
  const response = await authorizedRequest<unknown>(caller, options, { signal });
  const { status, data } = response;
  if (status === 403) throw new Malfunction(DENIED);
  if (status === 404) throw new Malfunction('there is no such service account');
  if (status !== 200) throw new AnswerMalfunction(`${method} answered HTTP ${status}`, response);
  if (!isJsonObject(data)) throw new Malfunction(`${method} answered with something else`);
  return data;
}

function resource(service_account: string): string {
  return `projects/-/serviceAccounts/${service_account}`;
}
