/** Error codes of RFC 8935 §2.4. */
export type SecurityEventErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied';

/** Why a pushed event is not accepted. The description is a fixed text: no token and no claim value gets into it. */
export interface SecurityEventProblem {
  readonly outcome: 'refused';
  readonly err: SecurityEventErrorCode;
  readonly description: string;
}

export function refused(err: SecurityEventErrorCode, description: string): SecurityEventProblem {
  return { outcome: 'refused', err, description };
}
