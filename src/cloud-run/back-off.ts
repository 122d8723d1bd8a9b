const FIRST_MS = 1000;
/** No failure is remembered for longer. */
export const MAX_BACK_OFF_MS = 10_000;

/**
 * How long to leave a failing source alone: a second, doubling to ten, less up to 30 % so that processes spread out.
 *
 * @param failures in a row, at least 1
 * @param random in [0, 1)
 */
export function backOffMs(failures: number, random: number): number {
  const full = Math.min(MAX_BACK_OFF_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (1 - 0.3 * random);
}
