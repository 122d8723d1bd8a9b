import { describe } from 'vitest';

const kongBin = process.env.KONG_BIN;

/**
 * Runs a suite on the development gateway and, where KONG_BIN names a `kong` program, on that as well.
 * Without it the second run is skipped, and says so.
 */
export function describeOnGateways(
  suite: string,
  tests: (gateway: { kongBin: string | undefined }) => void,
): void {
  describe(`${suite}, on the development gateway`, () => tests({ kongBin: undefined }));
  if (kongBin) {
    describe(`${suite}, on ${kongBin}`, () => tests({ kongBin }));
  } else {
    const reason = 'KONG_BIN does not name a kong program';
    console.info(`skipped: ${suite}, on a real Kong: ${reason}`);
    describe.skip(`${suite}, on a real Kong (${reason})`, () => tests({ kongBin: undefined }));
  }
}
