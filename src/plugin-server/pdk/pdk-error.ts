/** A call that cannot be made, with Kong's name of the function. No error of this kind holds an argument's value. */
export class PdkError extends Error {
  override readonly name: string = 'PdkError';
  readonly method: string;

  constructor(method: string, problem: string) {
    super(`${method}: ${problem}`);
    this.method = method;
  }
}

/** The function is not in ProtoBuf:1: Kong would not know it. */
export class UnsupportedPdkCallError extends PdkError {
  override readonly name = 'UnsupportedPdkCallError';

  constructor(method: string) {
    super(method, 'not part of ProtoBuf:1, the protocol between Kong and this plugin server');
  }
}

export class PdkArgumentError extends PdkError {
  override readonly name = 'PdkArgumentError';
}

/** The request has been answered, the event is over or has run out of time, or Kong has gone away. */
export class PdkEventOverError extends PdkError {
  override readonly name = 'PdkEventOverError';
}
