import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CLOCK_PRELOAD_FILE,
  clockEnvironment,
  createClock,
  installClock,
} from '../../../dev/clock/clock.ts';

const run = promisify(execFile);
const WEDNESDAY = '2026-11-18T10:00:00+01:00';
const WEDNESDAY_MS = Date.UTC(2026, 10, 18, 9);
/** How long the machine may take between two lines of a test. */
const PATIENCE_MS = 10_000;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-clock-'));
  file = join(folder, 'clock');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function expectAbout(actual: number, expected: number): void {
  expect(actual).toBeGreaterThanOrEqual(expected);
  expect(actual).toBeLessThan(expected + PATIENCE_MS);
}

describe('createClock', () => {
  it('tells the real time until it is set', () => {
    expectAbout(createClock(file).now(), Date.now() - 1000);
  });

  it('moves now to an instant and lets time flow on from there', async () => {
    const clock = createClock(file);
    clock.set(WEDNESDAY);
    const first = clock.now();
    expectAbout(first, WEDNESDAY_MS);
    await expect.poll(() => clock.now()).toBeGreaterThan(first);
  });

  it('takes milliseconds since 1970 as well', () => {
    const clock = createClock(file);
    clock.set(0);
    expectAbout(clock.now(), 0);
  });

  it('goes back to the real time on reset', () => {
    const clock = createClock(file);
    clock.set(WEDNESDAY);
    clock.reset();
    expectAbout(clock.now(), Date.now() - 1000);
  });

  it('shares its time with another clock on the same file and leaves no drafts behind', () => {
    createClock(file).set(WEDNESDAY);
    createClock(file).set(WEDNESDAY);
    expectAbout(createClock(file).now(), WEDNESDAY_MS);
    expect(readdirSync(folder)).toEqual(['clock']);
  });

  it.each(['tomorrow', '2026-11-18T10:00:00', '2026-11-18', '', Number.NaN, 9e15])(
    'refuses %j as an instant and stays where it was',
    (instant) => {
      const clock = createClock(file);
      clock.set(WEDNESDAY);
      expect(() => clock.set(instant)).toThrow(RangeError);
      expectAbout(clock.now(), WEDNESDAY_MS);
    },
  );

  it.each(['', 'garbled', '12 monkeys', 'Infinity', '9e99'])(
    'tells the real time when the file says %j',
    (content) => {
      writeFileSync(file, content);
      expectAbout(createClock(file).now(), Date.now() - 1000);
    },
  );
});

describe('installClock', () => {
  let uninstall: () => void;

  beforeEach(() => {
    createClock(file).set(WEDNESDAY);
    uninstall = installClock(file);
  });

  afterEach(() => {
    uninstall();
  });

  it('moves Date.now(), new Date() and Date()', () => {
    expectAbout(Date.now(), WEDNESDAY_MS);
    expectAbout(Date.parse(new Date().toISOString()), WEDNESDAY_MS);
    expectAbout(Date.parse(Date()), WEDNESDAY_MS);
  });

  it('follows the file as soon as it changes', () => {
    createClock(file).set('2026-11-21T10:00:00+01:00');
    expect(new Date().getUTCDay()).toBe(6);
    createClock(file).reset();
    // performance is not patched: its sum is the machine's own idea of now.
    expectAbout(Date.now(), performance.timeOrigin + performance.now() - 1000);
  });

  it('sets the time from the real clock, not from the moved one', () => {
    createClock(file).set(WEDNESDAY);
    expectAbout(Date.now(), WEDNESDAY_MS);
  });

  it('leaves every other way to make a date alone', () => {
    expect(Date.UTC(2026, 0, 2)).toBe(1767312000000);
    expect(Date.parse('2026-01-02T00:00:00Z')).toBe(1767312000000);
    expect(new Date(1767312000000).toISOString()).toBe('2026-01-02T00:00:00.000Z');
    expect(new Date('2026-01-02T00:00:00Z').getTime()).toBe(1767312000000);
    expect(new Date(2026, 0, 2).getDate()).toBe(2);
    expect(new Date(new Date(5)).getTime()).toBe(5);
    expect(new Date(Number.NaN).getTime()).toBeNaN();
    expect(Number(Reflect.construct(Date, [undefined]))).toBeNaN();
    expect([Date.name, Date.length]).toEqual(['Date', 7]);
  });

  it('keeps instanceof, subclasses, cloning and toString working', () => {
    class Day extends Date {
      isWednesday(): boolean {
        return this.getUTCDay() === 3;
      }
    }
    const day = new Day();
    expect(day).toBeInstanceOf(Day);
    expect(day).toBeInstanceOf(Date);
    expect(day.isWednesday()).toBe(true);
    expect(structuredClone(new Date())).toBeInstanceOf(Date);
    expect(Object.prototype.toString.call(new Date())).toBe('[object Date]');
    expect(new Date().constructor).toBe(Date);
    expect(JSON.stringify(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
  });

  it('puts the former Date back, also when it was installed twice', () => {
    const once = Date;
    const uninstallSecond = installClock(file);
    expectAbout(Date.now(), WEDNESDAY_MS);
    uninstallSecond();
    expect(Date).toBe(once);
    uninstall();
    expect(new Date().constructor).toBe(Date);
    expect(Date).not.toBe(once);
    expectAbout(createClock(join(folder, 'none')).now(), Date.now() - 1000);
  });
});

describe('the preload', () => {
  const printNow = ['--input-type=module', '--eval', 'console.log(Date.now())'];

  it('makes a child process follow the clock through NODE_OPTIONS', async () => {
    createClock(file).set(WEDNESDAY);
    const env = { ...process.env, ...clockEnvironment(file) };
    const { stdout } = await run(process.execPath, printNow, { env });
    expectAbout(Number(stdout), WEDNESDAY_MS);
  });

  it('keeps the NODE_OPTIONS that were there', () => {
    const { NODE_OPTIONS } = clockEnvironment(file, { NODE_OPTIONS: '--no-warnings' });
    expect(NODE_OPTIONS).toBe(`--no-warnings --require ${JSON.stringify(CLOCK_PRELOAD_FILE)}`);
  });

  it('does nothing without DEV_CLOCK_FILE', async () => {
    const { DEV_CLOCK_FILE: _, ...env } = process.env;
    const { stdout } = await run(
      process.execPath,
      [
        '--require',
        CLOCK_PRELOAD_FILE,
        '--eval',
        'console.log(/native code/.test(Function.prototype.toString.call(Date)))',
      ],
      { env },
    );
    expect(stdout.trim()).toBe('true');
  });
});
