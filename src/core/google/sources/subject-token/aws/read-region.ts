import { Malfunction } from '../../../../malfunction.ts';

/**
 * The region of an availability zone, local zone or wavelength zone, such as `us-west-2` of `us-west-2b` and of
 * `us-west-2-lax-1a`; a region stays as it is. Google's libraries take one character off, which is right for the first
 * form only.
 *
 * @throws Malfunction where it is none of them
 * @see https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
 */
export function readRegion(zone: string): string {
  const region = /^([a-z]{2,4}(?:-[a-z]{2,12}){1,2}-\d{1,2})(?:[a-z]|-[a-z0-9-]{1,30})?$/.exec(
    zone.trim(),
  )?.[1];
  if (region === undefined) {
    throw new Malfunction('the answer of region_url is not a zone or region of AWS');
  }
  return region;
}
