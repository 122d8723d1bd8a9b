/** An opaque token for Google's APIs, and until when it is good. */
export interface AccessToken {
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly expires_at_ms: number;
}

/** Where access tokens come from: one kind of Google credential. A source neither caches nor shares what it fetches. */
export interface AccessTokenSource {
  /** Tells two credentials apart. Never a secret, though possibly made from one; not for logs. */
  readonly credential: string;
  /** How long an attempt may take where ten seconds are too short for it. */
  readonly fetch_limit_ms?: number;
  /**
   * @param scope of Google's, one
   * @param signal ends the attempt, retries included
   * @throws anything; what may be told of it is `failureReason`'s to say
   */
  fetchAccessToken(scope: string, signal: AbortSignal): Promise<AccessToken>;
}

/** The scope for all of Google Cloud, within which IAM decides. */
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
