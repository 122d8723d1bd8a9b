/** An expression that could not be evaluated for a request. The message quotes the policy, never the request. */
export class ExpressionError extends Error {
  /** Where in the policy: `policy.yaml:12:9`. */
  readonly location: string;

  constructor(location: string, message: string) {
    super(message);
    this.name = 'ExpressionError';
    this.location = location;
  }
}
