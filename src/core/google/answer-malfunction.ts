import { Malfunction } from '../malfunction.ts';

/** An answer that is none to what was asked. Of the answer it keeps the headers, for `retryAfterMs`, and nothing else. */
export class AnswerMalfunction extends Malfunction {
  readonly response: { headers: unknown };

  constructor(message: string, response: unknown) {
    super(message);
    this.name = 'AnswerMalfunction';
    this.response = { headers: (response as { headers?: unknown } | undefined)?.headers };
  }
}
