'use strict';

// CommonJS, because `node --require` loads nothing else and because the patch must be in place
// before the first ES module of a process runs.

const { readFileSync } = require('node:fs');

/** Reaches the untouched Date behind an installed one, even if this file is loaded twice. */
const REAL_DATE = Symbol.for('dev.clock.real-date');

/** The largest distance from 1970 that a Date can hold, in milliseconds (ECMA-262, 21.4.1.1). */
const MAX_TIME_MS = 8.64e15;

function realDate() {
  return globalThis.Date[REAL_DATE] ?? globalThis.Date;
}

/** Milliseconds since 1970 on the machine's clock, whatever is installed. */
function realNow() {
  return realDate().now();
}

/**
 * The offset in a clock file, in milliseconds: one integer as text. A file that is missing, empty or
 * not a number means no offset, so that a process whose clock was never moved tells the real time.
 */
function readOffset(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return 0;
  }
  const offset = Math.trunc(Number(text));
  return Math.abs(realNow() + offset) <= MAX_TIME_MS ? offset : 0;
}

/**
 * Replaces `globalThis.Date` by one whose current time is the real one plus the offset in `file`,
 * read on every call, so that a moved clock is seen at once. Returns a function that undoes it.
 *
 * Only "now" changes: `Date.now()`, `new Date()` and `Date()`. The prototype is shared with the real
 * Date, so dates of either kind are instances of both. Timers, `performance.now()`,
 * `process.hrtime()` and `Intl.DateTimeFormat#format()` without an argument keep the real time.
 */
function install(file) {
  const previous = globalThis.Date;
  const Real = realDate();
  const now = () => Real.now() + readOffset(file);

  function ControlledDate(...args) {
    if (new.target === undefined) {
      return new Real(now()).toString();
    }
    return Reflect.construct(Real, args.length === 0 ? [now()] : args, new.target);
  }

  Object.defineProperties(ControlledDate, {
    ...Object.getOwnPropertyDescriptors(Real),
    now: { value: now, writable: true, enumerable: false, configurable: true },
    [REAL_DATE]: { value: Real },
  });
  globalThis.Date = ControlledDate;
  Real.prototype.constructor = ControlledDate;

  return function uninstall() {
    if (globalThis.Date === ControlledDate) {
      globalThis.Date = previous;
      Real.prototype.constructor = previous;
    }
  };
}

module.exports = { install, readOffset, realNow };
