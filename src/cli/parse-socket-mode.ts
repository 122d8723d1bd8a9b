import { InvalidArgumentError } from 'commander';

/** @returns permission bits, as chmod(2) takes them */
export function parseSocketMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new InvalidArgumentError(
    'Expected three octal digits, as in 600 (this user) or 660 (its group as well).',
  );
}
