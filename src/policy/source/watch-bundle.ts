import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { Malfunction } from '../../core/malfunction.ts';
import { withinTime } from '../../core/within-time.ts';
import type { Policy } from '../policy.ts';
import type { BundleCache } from './bundle-cache.ts';
import { type Answer, fetchBundle } from './fetch-bundle.ts';
import { createLastGood } from './last-good.ts';
import { type Bundle, maxBundleBytes, openBundle } from './open-bundle.ts';
import type { VerificationKey } from './parse-verification-key.ts';
import type { Watched } from './policy-source.ts';
import { problemsOf } from './problems-of.ts';
import { singleFlight } from './single-flight.ts';
import { tell } from './tell.ts';

export interface BundleDependencies {
  clock: Clock;
  logger: Logger;
  fetch: typeof globalThis.fetch;
  load(text: string, fileName: string): Policy;
  /** In [0, 1): processes that started together do not ask together. */
  random(): number;
}

export interface BundleSettings {
  readonly url: string;
  /** Null where no signature is demanded. */
  readonly keys: readonly VerificationKey[] | null;
  readonly poll_seconds: number;
  /** Null where nothing is kept across restarts. */
  readonly cache: BundleCache | null;
}

const TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 1_000;

interface InForce {
  readonly policy: Policy;
  readonly bundle: Bundle;
  /** As it was published. */
  readonly body: string;
  /** Null where there is none to ask by. */
  readonly etag: string | null;
}

/** Loads a policy from a URL, at once and again whenever what is published there has changed. */
export function watchBundle(
  { url, keys, poll_seconds, cache }: BundleSettings,
  { clock, logger, fetch, load, random }: BundleDependencies,
): Watched<Policy> {
  const name = withoutQuery(url);
  const fields = { policy_url: name };
  const state = createLastGood<Policy>({ logger, noun: 'policy at this URL', fields });
  const type = keys === null ? null : 'application/jose';
  const maxBytes = maxBundleBytes(keys !== null);
  let inForce: InForce | undefined;
  /** The newest body that is on disk. */
  let kept: string | undefined;
  let diskProblem: string | undefined;
  let failures = 0;
  let hasAsked = false;

  async function enforce(body: string, etag: string | null, about = {}): Promise<void> {
    const bundle = await openBundle(body, keys, clock);
    if (inForce !== undefined) checkOrder(inForce.bundle, bundle);
    const policy = inForce?.bundle.text === bundle.text ? inForce.policy : load(bundle.text, name);
    inForce = { policy, bundle, body, etag };
    state.good(policy, { policy_version: policy.version, ...about });
  }

  /** Before the URL is asked, so that what was in force when the process ended cannot be rolled back. */
  async function restore(): Promise<void> {
    try {
      const body = (await cache?.read()) ?? null;
      if (body === null) return;
      await enforce(body, null, { from: 'policy_cache_dir' });
      kept = body;
    } catch (error) {
      warn(error, 'the policy that was kept on disk is not used');
    }
  }

  async function keep(): Promise<void> {
    if (cache === null || inForce === undefined || inForce.body === kept) return;
    const { body } = inForce;
    try {
      await cache.write(body);
      kept = body;
      diskProblem = undefined;
    } catch (error) {
      warn(error, 'the policy could not be kept on disk');
    }
  }

  function warn(error: unknown, message: string): void {
    const problems = problemsOf(error, 'policy_cache_dir');
    if (problems.join('\n') === diskProblem) return;
    diskProblem = problems.join('\n');
    tell(logger, 'warn', { ...fields, problems }, message);
  }

  async function ask(): Promise<Answer> {
    const etag = inForce?.etag ?? null;
    try {
      return await withinTime(
        TIMEOUT_MS,
        (signal) => fetchBundle({ url, type, etag, maxBytes }, fetch, signal),
        () => new Malfunction(`there was no answer within ${TIMEOUT_MS} ms`),
      );
    } catch (error) {
      if (error instanceof Malfunction) throw error;
      throw new Malfunction(`it cannot be fetched: ${networkCode(error)}`);
    }
  }

  async function askAndEnforce(): Promise<void> {
    try {
      const answer = await ask();
      if (answer.outcome === 'changed') await enforce(answer.body, answer.etag);
      else state.recovered();
      failures = 0;
    } catch (error) {
      failures += 1;
      state.bad(problemsOf(error, name));
    }
  }

  const poll = singleFlight(async () => {
    if (!hasAsked) await restore();
    await askAndEnforce();
    hasAsked = true;
    await keep();
  });

  return {
    get value() {
      // What is on disk counts only once the URL has had its chance.
      return hasAsked ? state.value : undefined;
    },
    get problems() {
      return state.problems;
    },
    ready: poll(),
    delayMs() {
      const full_ms = poll_seconds * 1000;
      const retry_ms = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 12);
      const wait_ms = inForce === undefined ? Math.min(full_ms, retry_ms) : full_ms;
      return wait_ms * (1 - 0.1 * random());
    },
    poll,
  };
}

/** @throws Malfunction where a signed policy is not newer than the one in force */
function checkOrder(current: Bundle, next: Bundle): void {
  if (current.iat === null || next.iat === null) return;
  if (next.iat < current.iat) {
    throw new Malfunction('it is refused: its iat is older than that of the version in force');
  }
  // Of two policies with one iat nobody can say which is the newer.
  if (next.iat === current.iat && next.text !== current.text) {
    throw new Malfunction('it is refused: another version with the same iat is in force');
  }
}

/** A query may hold a secret, and this name gets into logs. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function networkCode(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : 'no connection, or an answer that is cut short';
}
