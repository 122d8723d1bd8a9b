import { describe, expect, it } from 'vitest';
import { toKongSchema } from '../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { ConfigError } from '../../src/core/config-error.ts';
import { policyFields } from '../../src/policy/config.ts';

describe('policyFields', () => {
  it('has a Kong schema with the same defaults', () => {
    const fields = Object.assign({}, ...toKongSchema(policyFields));
    expect(Object.keys(fields)).toEqual([
      'policy_file',
      'policy',
      'policy_url',
      'bundle_keys',
      'poll_seconds',
      'policy_cache_dir',
      'grants_file',
      'grant_keys',
      'labels',
      'mode',
      'allow_anonymous',
      'max_body_bytes',
      'reveal_rule',
      'context',
      'audit',
    ]);
    expect(fields.labels).toMatchObject({ type: 'map', default: {} });
    expect(fields.allow_anonymous).toMatchObject({ type: 'boolean', default: false });
    expect(fields.context).toMatchObject({ type: 'record', required: false });
    expect(fields.audit).toMatchObject({ type: 'record', default: { fields: [] } });
    const empty = { policy: 'x', labels: {}, audit: { file: null, fields: {} }, policy_file: null };
    expect(parseConfig(policyFields, empty)).toEqual({
      policy: 'x',
      poll_seconds: 30,
      labels: {},
      mode: 'enforce',
      allow_anonymous: false,
      max_body_bytes: 65_536,
      reveal_rule: false,
      audit: { fields: [] },
    });
  });

  it.each([
    ['an http policy_url', { policy_url: 'http://policies.example/p.yaml' }],
    ['a mode that does not exist', { policy: 'x', mode: 'off' }],
    ['a body without bounds', { policy: 'x', max_body_bytes: 2 ** 31 }],
    ['a service of no project', { policy: 'x', context: { cloud_run_labels: { service: 's' } } }],
    ['a field of another stage', { policy: 'x', issuers: [] }],
  ])('refuses %s', (_, config) => {
    expect(() => parseConfig(policyFields, config)).toThrow(ConfigError);
  });
});
