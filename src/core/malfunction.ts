/**
 * Something that should not happen did. The message is safe to log: whoever throws one keeps tokens, secrets and
 * claim values out of it. The message of any other error is not logged, because a library may quote its input there.
 */
export class Malfunction extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Malfunction';
  }
}
