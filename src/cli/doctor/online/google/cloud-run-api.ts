import type { gaxios } from 'google-auth-library';
import {
  type AccessTokenSource,
  CLOUD_PLATFORM,
} from '../../../../core/google/access-token-source.ts';
import type { AccessTokens } from '../../../../core/google/access-tokens.ts';
import { authorizedRequest } from '../../../../core/google/authorized-request.ts';
import { failureReason } from '../../../../core/google/failure-reason.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../../../../core/json.ts';
import { Malfunction } from '../../../../core/malfunction.ts';
import { withinTime } from '../../../../core/within-time.ts';

/** What the Cloud Run Admin API says to a question. */
export type CloudRunAnswer =
  | { outcome: 'found'; body: JsonObject }
  | { outcome: 'not_found' }
  | { outcome: 'denied'; why: DeniedWhy }
  /** There is no access token to ask with. */
  | { outcome: 'no_token' }
  | { outcome: 'unavailable'; reason: string };

/** As `google.rpc.ErrorInfo` says; `permission` where it says something else. */
export type DeniedWhy = 'permission' | 'api_disabled' | 'scope';

export interface CloudRunQuestion {
  /** Behind the endpoint, such as `/v2/projects/…?fields=…`. */
  path: string;
  /** POSTed where it is there. */
  body?: JsonObject;
  source: AccessTokenSource;
}

const WHY: ReadonlyMap<JsonValue | undefined, DeniedWhy> = new Map([
  ['SERVICE_DISABLED', 'api_disabled'],
  ['ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'scope'],
]);

const MAX_BYTES = 1_048_576;

/**
 * Asks the Cloud Run Admin API, and changes nothing there. Never rejects.
 *
 * @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
 */
export async function askCloudRun(
  { path, body, source }: CloudRunQuestion,
  { endpoint, tokens, timeout_ms }: { endpoint: string; tokens: AccessTokens; timeout_ms: number },
): Promise<CloudRunAnswer> {
  const late = () => new Malfunction(`no answer within ${timeout_ms} ms`);
  try {
    await withinTime(timeout_ms, () => tokens.get(source, CLOUD_PLATFORM), late);
  } catch {
    return { outcome: 'no_token' };
  }
  const options: gaxios.GaxiosOptions = {
    url: `${endpoint}${path}`,
    responseType: 'json',
    ...(body === undefined
      ? {}
      : { method: 'POST', data: body, retryConfig: { httpMethodsToRetry: ['POST'] } }),
  };
  try {
    const { status, data } = await withinTime(
      timeout_ms,
      (signal) =>
        authorizedRequest<unknown>({ tokens, source, scope: CLOUD_PLATFORM }, options, {
          signal,
          max_bytes: MAX_BYTES,
          retries: 1,
        }),
      late,
    );
    if (status === 200 && isJsonObject(data)) return { outcome: 'found', body: data };
    if (status === 403) return { outcome: 'denied', why: whyDenied(data) };
    if (status === 404) return { outcome: 'not_found' };
    return {
      outcome: 'unavailable',
      reason: status === 200 ? 'the answer is not a JSON object' : `HTTP ${status}`,
    };
  } catch (error) {
    return { outcome: 'unavailable', reason: failureReason(error) };
  }
}

function whyDenied(data: unknown): DeniedWhy {
  const error = isJsonObject(data) ? data.error : undefined;
  const details = isJsonObject(error) && Array.isArray(error.details) ? error.details : [];
  for (const detail of details) {
    const why = isJsonObject(detail) ? WHY.get(ownMember(detail, 'reason')) : undefined;
    if (why !== undefined) return why;
  }
  return 'permission';
}
