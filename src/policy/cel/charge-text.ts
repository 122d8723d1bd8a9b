import { LIMITS } from '../limits.ts';
import { FunctionError } from './function-error.ts';
import { spend } from './meter.ts';

/** Checks and counts a text before it is made. */
export function chargeText(characters: number): void {
  if (characters > LIMITS.text_characters) {
    throw new FunctionError(`a text has at most ${LIMITS.text_characters} characters`);
  }
  spend(characters / 16);
}
