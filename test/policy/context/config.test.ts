import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toKongSchema } from '../../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../../src/core/config/parse-config.ts';
import { contextFields } from '../../../src/policy/context/config.ts';

const fields = z.strictObject({ context: contextFields.optional() });
const parse = (context: object) =>
  parseConfig(fields, JSON.parse(JSON.stringify({ context }))).context;

describe('the config of live context', () => {
  it('has a Kong schema', () => {
    expect(toKongSchema(fields)).toMatchObject([{ context: { type: 'record', required: false } }]);
  });

  it('has defaults for the times, and asks for nothing by itself', () => {
    expect(parse({})).toEqual({ cache_seconds: 60, max_stale_seconds: 300, timeout_ms: 2000 });
  });

  it('is turned on by an empty record, which Kong sends with null for what is not set', () => {
    expect(parse({ cloud_run_labels: { service: null }, google_groups: [] })).toMatchObject({
      cloud_run_labels: {},
      google_groups: {},
    });
  });

  it.each<[string, object]>([
    ['a service by its URL', { cloud_run_labels: { service: 'https://tasks.run.app' } }],
    ['a customer that is none', { google_groups: { customer: "C1' || 'x' in labels" } }],
    ['a cache of no use', { cache_seconds: 4 }],
    ['a time that is too long', { timeout_ms: 10_001 }],
    ['a word it does not know', { groups: {} }],
  ])('refuses %s', (_, context) => {
    expect(() => parse(context)).toThrow('config.context');
  });
});
