import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

// Required rather than imported: test runners rewrite imported files of the project, and this one
// must stay the CommonJS module that `node --require` loads.
const controlledDate: typeof import('./controlled-date.cjs') = createRequire(import.meta.url)(
  './controlled-date.cjs',
);

/** The file to give to `node --require` in every process that shall follow a clock. */
export const CLOCK_PRELOAD_FILE: string = fileURLToPath(new URL('./preload.cjs', import.meta.url));

/** The hand that moves a clock. Every process started with `clockEnvironment(file)` follows it. */
export interface DevClock {
  readonly file: string;
  /**
   * Moves now to that instant; time flows on from there.
   *
   * @param instant milliseconds since 1970, or an ISO 8601 date-time that ends in `Z` or an offset
   * @throws RangeError when it is neither
   */
  set(instant: string | number): void;
  /** Back to the real time. */
  reset(): void;
  /** The time this clock tells, in milliseconds since 1970. */
  now(): number;
}

/**
 * A clock whose offset from the real time lives in a file, so that several processes share it and
 * the same story can happen on a Wednesday at 10:00 or on a Saturday. For development and test only.
 *
 * A missing, empty or garbled file means the real time. Writes are atomic.
 *
 * @param file its folder is created on the first `set`
 */
export function createClock(file: string): DevClock {
  let writes = 0;

  return {
    file,
    set(instant) {
      const offset = toMilliseconds(instant) - controlledDate.realNow();
      const draft = `${file}.${process.pid}.${writes++}`;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(draft, `${offset}\n`);
      renameSync(draft, file);
    },
    reset: () => rmSync(file, { force: true }),
    now: () => controlledDate.realNow() + controlledDate.readOffset(file),
  };
}

/**
 * Makes this process follow the clock in `file`, exactly as the preload does for a child process.
 * Code that has already kept a reference to `Date` or `Date.now` is not affected.
 *
 * @returns a function that puts the former `Date` back
 */
export function installClock(file: string): () => void {
  return controlledDate.install(file);
}

/**
 * The environment variables that make a child Node process follow the clock in `file`: spread them
 * over the environment it gets. What `NODE_OPTIONS` of `base` says is kept.
 */
export function clockEnvironment(
  file: string,
  base: NodeJS.ProcessEnv = process.env,
): { DEV_CLOCK_FILE: string; NODE_OPTIONS: string } {
  const preload = `--require ${JSON.stringify(CLOCK_PRELOAD_FILE)}`;
  return {
    DEV_CLOCK_FILE: file,
    NODE_OPTIONS: base.NODE_OPTIONS ? `${base.NODE_OPTIONS} ${preload}` : preload,
  };
}

function toMilliseconds(instant: string | number): number {
  // Without a zone, Date.parse takes the machine's, and the story would depend on where it is told.
  const zoned = typeof instant === 'number' || /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(instant);
  const milliseconds = typeof instant === 'number' ? instant : Date.parse(instant);
  if (!zoned || Number.isNaN(new Date(milliseconds).getTime())) {
    throw new RangeError(
      `not an instant: ${instant} (milliseconds since 1970, or ISO 8601 that ends in Z or an offset)`,
    );
  }
  return Math.trunc(milliseconds);
}
