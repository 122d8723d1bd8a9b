import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toKongSchema } from '../../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../../src/core/config/parse-config.ts';
import { policySourceFields } from '../../../src/policy/source/config.ts';

const fields = z.strictObject(policySourceFields);

describe('the fields of where a policy comes from', () => {
  it('can be told to Kong, each with a description', () => {
    for (const field of toKongSchema(fields)) {
      expect(Object.values(field)[0]?.description).toMatch(/\w/);
    }
  });

  it('ask twice a minute unless told otherwise', () => {
    expect(parseConfig(fields, {})).toEqual({ poll_seconds: 30 });
  });

  it.each([
    ['an address without TLS', { policy_url: 'http://policies.example.com' }],
    ['an address that is none', { policy_url: 'policies' }],
    ['asking too often', { poll_seconds: 4 }],
    ['asking too rarely', { poll_seconds: 3601 }],
    ['an empty list of keys, which would ask for no signature', { grant_keys: [] }],
    ['too many keys', { bundle_keys: Array(11).fill('key') }],
    ['an empty path', { grants_file: '' }],
  ])('refuse %s', (_, config) => {
    expect(() => parseConfig(fields, config)).toThrow(/^config\./);
  });
});
