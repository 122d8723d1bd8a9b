import { describe, expect, it } from 'vitest';
import { cloudRunFields } from '../../src/cloud-run/config.ts';
import { toKongSchema } from '../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';

describe('the config of cloud-run-token', () => {
  it('is complete without any field set', () => {
    expect(parseConfig(cloudRunFields, {})).toEqual({
      header: 'X-Serverless-Authorization',
      require: 'decision',
      refresh_margin_seconds: 300,
      timeout_ms: 3000,
      delegates: [],
      allowed_service_accounts: [],
      allow_http: false,
      allow_any_host: false,
      propagate_trace: true,
    });
  });

  it('has a counterpart in the schema language of Kong, with the key kept secret', () => {
    const schema = Object.assign({}, ...toKongSchema(cloudRunFields));
    expect(Object.keys(schema)).toEqual([
      'audience',
      'header',
      'service_account',
      'delegates',
      'allowed_service_accounts',
      'credentials',
      'require',
      'refresh_margin_seconds',
      'timeout_ms',
      'allow_http',
      'allow_any_host',
      'propagate_trace',
    ]);
    expect(schema.credentials).toMatchObject({ referenceable: true, encrypted: true, len_min: 1 });
    expect(schema.header.one_of).toEqual([
      'X-Serverless-Authorization',
      'Authorization',
      'Proxy-Authorization',
    ]);
    expect(schema.refresh_margin_seconds.between).toEqual([30, 1800]);
  });

  it.each([
    ['a weaker verdict', { require: 'nothing' }, 'config.require'],
    ['a header of another name', { header: 'X-Token' }, 'config.header'],
    ['an empty vault value as credentials', { credentials: '' }, 'config.credentials'],
    ['a line break in the audience', { audience: 'https://a\nb' }, 'config.audience'],
    ['white space around the audience', { audience: ' https://a ' }, 'config.audience'],
    ['an account that is no service account', { service_account: 'a@b.com' }, 'service_account'],
    ['a delegate that is none', { delegates: ['alice@example.com'] }, 'config.delegates'],
    ['an account for rules that is none', { allowed_service_accounts: ['*'] }, 'allowed_service'],
    ['a wait of an hour', { timeout_ms: 3_600_000 }, 'config.timeout_ms'],
  ])('refuses %s', (_, config, named) => {
    expect(() => parseConfig(cloudRunFields, config)).toThrow(named);
  });
});
