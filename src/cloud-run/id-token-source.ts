/** Where ID tokens come from: one kind of Google credential. A source neither caches nor shares what it fetches. */
export interface IdTokenSource {
  /** The Google account the tokens speak for, as logs name it. */
  readonly account: string;
  /** Tells two credentials of one account apart. Never a secret, though possibly made from one; not for logs. */
  readonly credential: string;
  /** The email that its tokens have, where that is known. */
  readonly email?: string;
  /** The audience that its tokens have whichever is asked for. */
  readonly fixed_audience?: string;
  /**
   * @param signal ends the attempt, retries included
   * @throws anything; what may be told of it is `failureReason`'s to say
   */
  fetchIdToken(audience: string, signal: AbortSignal): Promise<string>;
}
