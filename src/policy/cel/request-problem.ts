import { FunctionError } from './function-error.ts';

/**
 * Thrown where a rule reads a part of the request that cannot be known: to `has()` as well, because a part that seemed
 * not to be there would slip past a deny rule. The message holds nothing of the request.
 */
export class RequestProblem extends FunctionError {
  readonly code: 'invalid_request' | 'body_too_large';

  constructor(code: RequestProblem['code'], message: string) {
    super(message);
    this.code = code;
  }
}
