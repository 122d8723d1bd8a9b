import { InvalidArgumentError } from 'commander';

/** @returns a parser for an option's value: decimal digits, from `least` to `most` */
export function parseWholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
