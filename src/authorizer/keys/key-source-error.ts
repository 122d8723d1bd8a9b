/** Why an issuer's keys could not be had, in words for the operator's log. */
export class KeySourceError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'KeySourceError';
  }
}
