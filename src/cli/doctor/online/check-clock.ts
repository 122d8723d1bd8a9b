import type { DoctorSubject } from '../check.ts';
import type { Finding } from '../finding.ts';
import { judgeClock } from './clock/judge-clock.ts';
import { toDateSample } from './clock/to-date-sample.ts';
import type { Lookups } from './lookups.ts';

/** The default of `leeway_seconds`, where no route has the plugin. */
const DEFAULT_LEEWAY_SECONDS = 30;

/** The check `clock`: this machine's clock against those of the issuers and of Google. */
export async function checkClock(
  { routes }: DoctorSubject,
  { issuer, googleDates }: Pick<Lookups, 'issuer' | 'googleDates'>,
): Promise<Finding[]> {
  const authorizers = routes.flatMap(({ authorizer }) => authorizer?.config ?? []);
  const usesGoogle = routes.some(({ cloud_run_token }) => cloud_run_token !== undefined);
  if (authorizers.length === 0 && !usesGoogle) return [];

  const issuers = authorizers.flatMap((config) => config.issuers);
  const [google, ...probes] = await Promise.all([
    usesGoogle ? googleDates() : [],
    ...issuers.map(async (source) => (await issuer(source)).answers),
  ]);
  // Each issuer is asked once, so that its answers are the same objects however many routes trust it.
  const answers = new Set([...google, ...probes.flat()]);
  // One voice for each server: an issuer's two answers come from one clock.
  const samples = new Map(
    [...answers].flatMap((answer) => {
      const sample = toDateSample(answer);
      return sample === undefined ? [] : [[sample.host, sample] as const];
    }),
  );
  const leeways = authorizers.map(({ leeway_seconds }) => leeway_seconds);
  const leeway_seconds = Math.min(...(leeways.length === 0 ? [DEFAULT_LEEWAY_SECONDS] : leeways));
  return [judgeClock([...samples.values()], leeway_seconds)];
}
