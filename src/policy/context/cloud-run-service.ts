const LOCATION = '[a-z]+(?:-[a-z]+)+\\d{1,3}';
const SERVICE = '[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?';
/** By number or id, which in old organizations has a domain in front. */
const PROJECT = '\\d{6,20}|(?:[a-z0-9.-]{1,253}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]';

const RESOURCE = new RegExp(`^projects/(?:${PROJECT})/locations/${LOCATION}/services/${SERVICE}$`);
const DETERMINISTIC_HOST = new RegExp(`^(${SERVICE})-(\\d{6,20})\\.(${LOCATION})\\.run\\.app\\.?$`);

/** `projects/{project}/locations/{location}/services/{service}`, of characters that mean nothing in a URL. */
export function isServiceResource(text: string): boolean {
  return RESOURCE.test(text);
}

/**
 * The service behind a host of the form `SERVICE-PROJECTNUMBER.REGION.run.app`. The older form with a hash in it does
 * not tell, and of one with a traffic tag (`TAG---SERVICE-…`) it is not certain where the tag ends.
 *
 * @returns its resource name; undefined for any other host
 * @see https://cloud.google.com/run/docs/triggering/https-request#deterministic
 */
export function serviceOfHost(host: string): string | undefined {
  const match = DETERMINISTIC_HOST.exec(host.toLowerCase());
  const [service, project, location] = match?.slice(1) ?? [];
  if (service === undefined || project === undefined || location === undefined) return undefined;
  if (service.includes('---')) return undefined;
  return `projects/${project}/locations/${location}/services/${service}`;
}
