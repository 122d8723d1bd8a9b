import { Malfunction } from '../../core/malfunction.ts';
import type { Check, Checks, DoctorSubject, DoctorTools } from './check.ts';
import type { Finding } from './finding.ts';

/** Carries out all checks, side by side. One that fails is a finding, and the others go on. */
export async function examine(
  subject: DoctorSubject,
  checks: Checks,
  tools: DoctorTools,
): Promise<Finding[]> {
  const found = await Promise.all(
    Object.entries(checks).map(([name, check]) => carryOut(name, check, subject, tools)),
  );
  return found.flat();
}

async function carryOut(
  name: string,
  check: Check,
  subject: DoctorSubject,
  tools: DoctorTools,
): Promise<readonly Finding[]> {
  try {
    return await check(subject, tools);
  } catch (error) {
    // The message of anything else may hold what must not be shown.
    const why = error instanceof Malfunction ? error.message : describe(error);
    const message = `The check could not be carried out: ${why}.`;
    return [{ check: name, severity: 'error', message }];
  }
}

function describe(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? (error instanceof Error ? error.name : 'unknown error');
}
