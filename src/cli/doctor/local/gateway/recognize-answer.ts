import { isJsonObject, type JsonObject, ownMember } from '../../../../core/json.ts';
import { REFUSALS, type RefusalCode } from '../../../../core/refusal.ts';
import type { Answer, Origin, RawAnswer } from './answer.ts';

const REFUSAL_TYPE = 'urn:kong-cloud-run-auth:refusal:';

/** Texts of Google's front end: cloud.google.com/run/docs/troubleshooting, and its page for hosts that it does not know. */
const GOOGLE_PAGE =
  /<title>(?:Error )?(?:401|403|404|413|429|500|503)\b|Your client does not have permission|was not found on this server|Rate exceeded/;
const GOOGLE_CHALLENGE = /error_description="The access token could not be verified"/;

/** Tells from whom a response is: our plugins, Kong, Google or the service. */
export function recognizeAnswer({ status, headers, body }: RawAnswer): Answer {
  const version = /\bkong\/(\d[\w.-]*)/i;
  const shown = version.exec(headers.get('via') ?? '') ?? version.exec(headers.get('server') ?? '');
  return {
    status,
    origin: originOf(status, headers, body),
    challenge: headers.get('www-authenticate') ?? undefined,
    kong_version: shown?.[1],
  };
}

function originOf(status: number, headers: Headers, body: string): Origin {
  // Kong sets it where a service has answered; what looks like ours then is not.
  const isFromUpstream = headers.has('x-kong-upstream-latency');
  const type = headers.get('content-type') ?? '';
  const json = /\bjson\b/.test(type) ? parse(body) : undefined;
  if (!isFromUpstream && json !== undefined) {
    const refusal = refusalOf(json);
    if (refusal !== undefined) return refusal;
    const message = ownMember(json, 'message');
    if (typeof message === 'string') {
      const by = [502, 503, 504].includes(status) ? 'kong-upstream' : 'kong';
      return { by, message: message.slice(0, 200) };
    }
  }
  if (headers.has('x-goog-iap-generated-response')) return { by: 'iap' };
  const isGoogles =
    GOOGLE_CHALLENGE.test(headers.get('www-authenticate') ?? '') ||
    (status >= 400 && /\btext\/html\b/.test(type) && GOOGLE_PAGE.test(body));
  if (isGoogles) return { by: 'google' };
  if (!isFromUpstream && headers.has('x-kong-response-latency')) return { by: 'kong', message: '' };
  return { by: 'service' };
}

function refusalOf(json: JsonObject): Origin | undefined {
  const { type, code, detail } = json;
  if (typeof code !== 'string' || !isRefusalCode(code) || type !== `${REFUSAL_TYPE}${code}`) return;
  return {
    by: 'suite',
    code,
    detail: typeof detail === 'string' ? detail.slice(0, 200) : undefined,
  };
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code);
}

function parse(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
