import { LIMITS } from '../limits.ts';

/** Thrown where a decision has used up its steps. */
export class StepsExceeded extends Error {
  constructor() {
    super(`deciding takes more than ${LIMITS.decision_steps} steps`);
  }
}

interface Meter {
  remaining: number;
  /** The last error counted, which passes several operations on its way out. */
  error: unknown;
}

/** Steps for an error: the CEL library draws a picture for each. */
const ERROR = 200;

const meters = new WeakMap<object, Meter>();
/** That of the evaluation under way: evaluation never waits for anything. */
let current: Meter | undefined;

/**
 * Runs an evaluation that `spend` counts.
 *
 * @param decision what all evaluations of one decision have in common: they share its steps
 * @throws StepsExceeded also where the evaluation yields a value, because CEL's `||` and `exists` absorb errors, and
 *   this one must not turn into an answer
 */
export function metered<T>(decision: object, run: () => T): T {
  const meter = meters.get(decision) ?? { remaining: LIMITS.decision_steps, error: undefined };
  meters.set(decision, meter);
  const outer = current;
  current = meter;
  try {
    const result = run();
    if (meter.remaining >= 0) return result;
  } catch (error) {
    if (meter.remaining >= 0) throw error;
  } finally {
    current = outer;
  }
  throw new StepsExceeded();
}

const exceeded = new StepsExceeded();

/**
 * Counts steps before they are taken. A step takes some tens of nanoseconds. Outside `metered`, as when a policy
 * loads, it does nothing.
 *
 * @throws StepsExceeded always the same one: a loop that goes on over its errors must not make a stack for each
 */
export function spend(steps: number): void {
  if (current === undefined) return;
  current.remaining -= steps;
  if (current.remaining < 0) throw exceeded;
}

/** Counts an error that an operation threw, which `||` or a loop may absorb. */
export function spendOnError(error: unknown): void {
  if (current === undefined || error === current.error || error === exceeded) return;
  current.error = error;
  spend(ERROR);
}
