import { createHash } from 'node:crypto';
import { projectNumberOf, type ServicePath } from './cloud-run-path.ts';
import type { CloudRunServiceOptions } from './cloud-run-services.ts';
import type { World } from './world.ts';

/** Of the regions whose code is known here; a service elsewhere has no hashed URL in this stand-in. */
const REGION_CODES: Record<string, string> = {
  'asia-east1': 'de',
  'asia-northeast1': 'an',
  'asia-south1': 'el',
  'europe-west1': 'ew',
  'europe-west2': 'nw',
  'europe-west3': 'ey',
  'europe-west4': 'ez',
  'us-central1': 'uc',
  'us-east1': 'ue',
  'us-east4': 'uk',
  'us-west1': 'uw',
};

/** A DNS label ends here; a longer one leaves the service with its hashed URL alone. */
const MAX_LABEL_CHARACTERS = 63;

/**
 * `urls`, deterministic one first, and `uri`, which is still the hashed one
 * (cloud.google.com/run/docs/triggering/https-request#url). With the default URL disabled there is neither.
 */
export function serviceUrls(
  world: World,
  { project, location, service }: ServicePath,
  { urls, defaultUriDisabled }: CloudRunServiceOptions,
): { uri: string; urls: string[] } | undefined {
  if (urls?.[0] !== undefined) return { uri: urls[0], urls: [...urls] };
  if (defaultUriDisabled === true) return undefined;
  const label = `${service}-${projectNumberOf(world, project)}`;
  const code = REGION_CODES[location];
  const both = [
    ...(label.length <= MAX_LABEL_CHARACTERS ? [`https://${label}.${location}.run.app`] : []),
    ...(code === undefined ? [] : [`https://${service}-${hashOf(project)}-${code}.a.run.app`]),
  ];
  const uri = both.at(-1);
  return uri === undefined ? undefined : { uri, urls: both };
}

/** Ten characters, the same for every service of a project. */
function hashOf(project: string): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const bytes = createHash('sha256').update(project).digest().subarray(0, 10);
  return [...bytes].map((byte) => letters[byte % letters.length]).join('');
}
