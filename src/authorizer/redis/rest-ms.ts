const FIRST_MS = 100;
const LONGEST_MS = 2000;

/**
 * How long to leave Redis alone: not at all after a first failure, as a connection may be lost at any time, then a tenth
 * of a second, doubling to two, less up to 30 % so that processes spread out.
 *
 * @param failures in a row
 * @param random in [0, 1)
 */
export function restMs(failures: number, random: number): number {
  if (failures <= 1) return 0;
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 2)) * (1 - 0.3 * random);
}
