import { type Clock, epochSeconds } from '../../src/core/clock.ts';

/** When a token was made and ends, in seconds since the epoch. */
export interface TokenTimes {
  iat: number;
  exp: number;
}

export interface LeftoverIdTokens {
  /** From now on every request is answered with a token that has this much life left, until it ends. */
  leave(seconds: number): void;
  /** @returns undefined when nothing is left over, and a new token is due */
  get(key: string, make: (times: TokenTimes) => Promise<string>): Promise<string> | undefined;
}

/**
 * Metadata servers keep ID tokens and hand the same one out until little of its life is left; a client
 * that asks then receives a short-lived one.
 *
 * @param lifetimeSeconds of a token, from `iat` to `exp`
 */
export function createLeftoverIdTokens(clock: Clock, lifetimeSeconds: number): LeftoverIdTokens {
  let exp = 0;
  let tokens = new Map<string, Promise<string>>();
  return {
    leave: (seconds) => {
      if (!(seconds > 0)) throw new RangeError('a leftover token has some life left');
      exp = epochSeconds(clock) + seconds;
      tokens = new Map();
    },
    get: (key, make) => {
      if (exp <= epochSeconds(clock)) return undefined;
      const token = tokens.get(key) ?? make({ iat: exp - lifetimeSeconds, exp });
      tokens.set(key, token);
      return token;
    },
  };
}
