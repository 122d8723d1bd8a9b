import { afterAll, beforeAll, expect, vi } from 'vitest';

/** What belongs to the process, and so to all files that a worker runs one after the other, by name. */
function surroundings(): Map<string, unknown> {
  const globals = {
    Date,
    fetch,
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
  };
  return new Map<string, unknown>([
    ...Object.entries(globals),
    ...Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value] as const),
    ['process.cwd()', process.cwd()],
    ['process.exitCode', process.exitCode],
  ]);
}

let found: Map<string, unknown>;

beforeAll(() => {
  found = surroundings();
});

afterAll(() => {
  // As the configuration has it done between two tests.
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  const left = surroundings();
  vi.useRealTimers();
  const names = new Set([...found.keys(), ...left.keys()]);
  const changed = [...names].filter((name) => found.get(name) !== left.get(name));
  expect(changed, 'what the tests of this file have changed for the next one').toEqual([]);
});
