import { Malfunction } from '../../core/malfunction.ts';

/** The API as a whole, which then is left alone for a while, or one question to it. */
type Concern = 'api' | 'question';

/** Live context cannot be had. The message is safe to log and to record. */
export class ContextError extends Malfunction {
  readonly concerns: Concern;
  /** How long the API asked to be left alone. */
  readonly retry_after_ms: number | undefined;

  constructor(
    message: string,
    concerns: Concern,
    { retry_after_ms, ...options }: ErrorOptions & { retry_after_ms?: number | undefined } = {},
  ) {
    super(message, options);
    this.name = 'ContextError';
    this.concerns = concerns;
    this.retry_after_ms = retry_after_ms;
  }
}
