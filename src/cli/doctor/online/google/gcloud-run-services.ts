import { partsOfService } from './parts-of-service.ts';

/**
 * A `gcloud` command about a Cloud Run service, ready to paste.
 *
 * @param resource its resource name
 * @param action such as `update`
 */
export function gcloudRunServices(
  resource: string,
  action: string,
  ...flags: readonly string[]
): string {
  const { project, location, service } = partsOfService(resource);
  const words = ['gcloud run services', action, service, ...flags];
  return [...words, `--region=${location}`, `--project=${project}`].join(' ');
}
