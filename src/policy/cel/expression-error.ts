import type { RequestProblem } from './request-problem.ts';

/** An expression that could not be evaluated for a request. The message quotes the policy, never the request. */
export class ExpressionError extends Error {
  /** Where in the policy: `policy.yaml:12:9`. */
  readonly location: string;
  /** What is wrong with the request itself, where it is that which could not be read. */
  readonly request: RequestProblem | undefined;

  constructor(location: string, message: string, request?: RequestProblem) {
    super(message);
    this.name = 'ExpressionError';
    this.location = location;
    this.request = request;
  }
}
