/** Milliseconds since the Unix epoch, as `Date.now` gives them. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Whole seconds since the Unix epoch: the unit of a JWT's NumericDate (RFC 7519 §2). */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock() / 1000);
}
