import { InvalidArgumentError } from 'commander';

const MOST = 256;

export function parseWorkers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError(
    `Expected a whole number from 1 to ${MOST}, or auto for one for each core.`,
  );
}
