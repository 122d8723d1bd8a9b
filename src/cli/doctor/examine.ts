import { describeError } from '../../kong/describe-error.ts';
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
    const { message: why, code, name: kind } = describeError(error);
    const message = `The check could not be carried out: ${why ?? code ?? kind}.`;
    return [{ check: name, severity: 'error', message }];
  }
}
