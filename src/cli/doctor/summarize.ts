import type { DoctorSubject } from './check.ts';
import type { Finding, Severity } from './finding.ts';

/** How many there are of each. */
export interface Summary {
  routes: number;
  errors: number;
  warnings: number;
  infos: number;
  /** Checks that looked and found nothing wrong. */
  oks: number;
}

export function summarize({ routes }: DoctorSubject, findings: readonly Finding[]): Summary {
  const number = (wanted: Severity) =>
    findings.filter(({ severity }) => severity === wanted).length;
  return {
    routes: routes.length,
    errors: number('error'),
    warnings: number('warning'),
    infos: number('info'),
    oks: number('ok'),
  };
}
