import { describe, expect, it } from 'vitest';
import { readRegion } from '../../../../../../src/core/google/sources/subject-token/aws/read-region.ts';
import { Malfunction } from '../../../../../../src/core/malfunction.ts';

describe('the region of a zone', () => {
  it.each([
    ['us-east-1a', 'us-east-1'],
    ['ap-southeast-2c\n', 'ap-southeast-2'],
    ['us-gov-west-1b', 'us-gov-west-1'],
    ['us-iso-east-1a', 'us-iso-east-1'],
    ['eusc-de-east-1a', 'eusc-de-east-1'],
    ['cn-north-1a', 'cn-north-1'],
    ['us-west-2-lax-1a', 'us-west-2'],
    ['us-east-1-wl1-bos-wlz-1', 'us-east-1'],
    ['us-west-2', 'us-west-2'],
  ])('%j is %s', (zone, region) => expect(readRegion(zone)).toBe(region));

  it.each([
    '',
    'us-east',
    'us-east-1aa',
    'us-east-1a.evil.example',
    'us-east-1/',
    'US-EAST-1a',
    '<html>us-east-1a</html>',
    'a'.repeat(100_000),
    `us-east-1-${'a'.repeat(100_000)}`,
  ])('is not found in %j', (zone) => expect(() => readRegion(zone)).toThrow(Malfunction));
});
