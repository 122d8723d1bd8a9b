import { defaultAudience } from '../../cloud-run/default-audience.ts';
import { Malfunction } from '../../core/malfunction.ts';

/**
 * The audience that cloud-run-token makes of a service's host.
 *
 * @returns undefined where the plugin would refuse the host too
 */
export function audienceOfHost(host: string): string | undefined {
  try {
    return defaultAudience(host);
  } catch (error) {
    if (error instanceof Malfunction) return undefined;
    throw error;
  }
}
