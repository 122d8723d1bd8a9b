import type { Environment } from '../../../../core/google/environment.ts';
import { metadataRequest, metadataUrl } from '../../../../core/google/sources/metadata-request.ts';
import { Malfunction } from '../../../../core/malfunction.ts';
import { withinTime } from '../../../../core/within-time.ts';

/**
 * The account attached to this machine, pod or Cloud Run revision. Never rejects.
 *
 * @returns its e-mail; undefined where no metadata server tells one, as outside Google Cloud
 */
export async function askMetadataAccount(
  environment: Environment,
  timeout_ms: number,
): Promise<string | undefined> {
  try {
    const email = await withinTime(
      timeout_ms,
      (signal) => metadataRequest(metadataUrl(environment, 'email'), {}, signal),
      () => new Malfunction('late'),
    );
    return email.trim();
  } catch {
    return undefined;
  }
}
