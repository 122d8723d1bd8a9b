import type { Finding } from '../../finding.ts';
import { listed } from '../finding-of-routes.ts';
import type { DateSample } from './date-sample.ts';

/** A clock that is kept right is off by far less. */
const WARN_FROM_MS = 10_000;

const FIX = 'sudo chronyc makestep   # or, without chrony: sudo timedatectl set-ntp true';

/**
 * Says whether this machine's clock goes right, by the median of what other machines say: one of them may be wrong.
 *
 * @param leeway_seconds the least of any route
 */
export function judgeClock(samples: readonly DateSample[], leeway_seconds: number): Finding {
  const hosts = [...new Set(samples.map(({ host }) => host))];
  const middle = medianOf(samples);
  if (middle === undefined) {
    return {
      check: 'clock',
      severity: 'info',
      message: "This machine's clock was not compared: no server that was asked told the time.",
    };
  }
  const { ahead_ms, uncertainty_ms } = middle;
  const seconds = Math.round(Math.abs(ahead_ms) / 1000);
  const direction = ahead_ms > 0 ? 'ahead of' : 'behind';
  const off = `This machine's clock is ${seconds} s ${direction} that of ${listed(hosts)}`;
  const certain_ms = Math.abs(ahead_ms) - uncertainty_ms;
  if (certain_ms > leeway_seconds * 1000) {
    return {
      check: 'clock',
      severity: 'error',
      message: `${off}, more than the leeway_seconds of ${leeway_seconds}: good tokens are refused or expired ones accepted.`,
      fix: FIX,
    };
  }
  if (certain_ms > WARN_FROM_MS) {
    return { check: 'clock', severity: 'warning', message: `${off}.`, fix: FIX };
  }
  return {
    check: 'clock',
    severity: 'ok',
    message: `This machine's clock agrees with that of ${listed(hosts)}.`,
  };
}

/** With an even number of them the one that is off by less. */
function medianOf(samples: readonly DateSample[]): DateSample | undefined {
  const sorted = [...samples].sort((one, other) => one.ahead_ms - other.ahead_ms);
  const middle = sorted.slice(
    Math.floor((sorted.length - 1) / 2),
    Math.floor(sorted.length / 2) + 1,
  );
  return middle.sort((one, other) => Math.abs(one.ahead_ms) - Math.abs(other.ahead_ms))[0];
}
