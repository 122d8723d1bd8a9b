import { type JsonObject, ownMember } from '../../core/json.ts';
import type { AuthorizerConfig } from '../config.ts';

export type AuthenticationRules = Pick<
  AuthorizerConfig,
  'required_acr' | 'max_authentication_age_seconds' | 'leeway_seconds'
>;

/**
 * Checks how and when the user authenticated (RFC 9470 §4): `acr` and `auth_time` of a verified token.
 *
 * @param now_seconds seconds since the Unix epoch, with fraction
 * @returns the first rule that is not met, null where all are
 */
export function checkAuthentication(
  claims: JsonObject,
  { required_acr, max_authentication_age_seconds, leeway_seconds }: AuthenticationRules,
  now_seconds: number,
): 'acr' | 'auth_time' | null {
  const acr = ownMember(claims, 'acr');
  if (required_acr.length > 0 && !required_acr.some((accepted) => accepted === acr)) return 'acr';
  if (max_authentication_age_seconds === undefined) return null;
  const authenticated_at = ownMember(claims, 'auth_time');
  if (typeof authenticated_at !== 'number' || !Number.isFinite(authenticated_at)) {
    return 'auth_time';
  }
  const age_seconds = now_seconds - authenticated_at;
  const isRecent =
    age_seconds <= max_authentication_age_seconds + leeway_seconds &&
    age_seconds >= -leeway_seconds;
  return isRecent ? null : 'auth_time';
}
