import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { headerName, isSecureUrl, REFERENCEABLE } from '../../src/core/config/fields.ts';
import { toKongSchema } from '../../src/core/config/kong-schema.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { ConfigError } from '../../src/core/config-error.ts';

const fields = z.strictObject({
  issuers: z
    .array(
      z.strictObject({
        issuer: z.string().describe('Exact iss.'),
        jwks_uri: z.string().optional(),
      }),
    )
    .min(1),
  leeway_seconds: z.int().min(0).max(300).default(30),
  labels: z.record(z.string().max(64), z.string()).default({}),
  scopes: z.array(z.string()).default([]),
  mode: z.enum(['enforce', 'report']).default('enforce'),
  secret: z.string().meta(REFERENCEABLE).optional(),
  enabled: z.boolean().default(false),
});

describe('toKongSchema', () => {
  it('derives a field of Kong for every kind of field', () => {
    expect(toKongSchema(fields)).toEqual([
      {
        issuers: {
          type: 'array',
          required: true,
          len_min: 1,
          elements: {
            type: 'record',
            fields: [
              { issuer: { type: 'string', required: true, description: 'Exact iss.' } },
              { jwks_uri: { type: 'string' } },
            ],
          },
        },
      },
      { leeway_seconds: { type: 'integer', between: [0, 300], default: 30 } },
      {
        labels: {
          type: 'map',
          keys: { type: 'string', len_max: 64 },
          values: { type: 'string' },
          default: {},
        },
      },
      { scopes: { type: 'array', elements: { type: 'string' }, default: [] } },
      { mode: { type: 'string', one_of: ['enforce', 'report'], default: 'enforce' } },
      { secret: { type: 'string', referenceable: true, encrypted: true } },
      { enabled: { type: 'boolean', default: false } },
    ]);
  });

  it('says of an optional record that it is, since Kong would fill it in otherwise', () => {
    const inner = z.strictObject({ on: z.boolean().default(true) });
    const records = z.strictObject({
      a: inner.optional(),
      b: inner,
      c: inner.default({ on: true }),
    });
    expect(toKongSchema(records).map((field) => Object.values(field)[0]?.required)).toEqual([
      false,
      true,
      undefined,
    ]);
  });

  it('refuses a definition that Kong has no counterpart for', () => {
    expect(() => toKongSchema(z.strictObject({ x: z.union([z.string(), z.number()]) }))).toThrow(
      /x/,
    );
    expect(() => toKongSchema(z.strictObject({ n: z.number().min(1) }))).toThrow(/both bounds/);
  });
});

describe('parseConfig', () => {
  const issuers = [{ issuer: 'https://a' }];

  it("applies defaults and drops Kong's own keys and unset fields", () => {
    const raw = {
      issuers: [{ issuer: 'https://a', jwks_uri: null, $refs: {} }],
      secret: null,
      leeway_seconds: 5,
      __key__: 'plugins:x',
      __seq__: 3,
      __plugin_id: 'id',
      __ws_id: 'id',
      $refs: { secret: '{vault://env/secret}' },
      route_id: 'id',
    };
    expect(parseConfig(fields, raw)).toEqual({
      issuers,
      leeway_seconds: 5,
      labels: {},
      scopes: [],
      mode: 'enforce',
      enabled: false,
    });
  });

  it('takes an empty Lua table for whatever was meant', () => {
    expect(parseConfig(fields, { issuers, labels: [], scopes: {} })).toMatchObject({
      labels: {},
      scopes: [],
    });
  });

  it('names each wrong field by its path and does not repeat its value', () => {
    const parse = () =>
      parseConfig(fields, { issuers: [{ issuer: 7 }], secret: 12345678, leeway_second: 1 });
    expect(parse).toThrow(ConfigError);
    try {
      parse();
    } catch (error) {
      const problems = (error as ConfigError).problems.join('\n');
      expect(problems).toMatch(/config\.issuers\[0\]\.issuer: /);
      expect(problems).toMatch(/config\.secret: /);
      expect(problems).toMatch(/leeway_second/);
      expect(problems).not.toMatch(/12345678/);
    }
  });

  it.each([null, [], 'text', 3])('refuses %j in place of a config', (raw) => {
    expect(() => parseConfig(fields, raw)).toThrow(ConfigError);
  });
});

describe('isSecureUrl', () => {
  it.each(['https://a.example', 'http://127.0.0.1:9', 'http://localhost/x', 'http://[::1]:1'])(
    'accepts %s',
    (url) => expect(isSecureUrl(url)).toBe(true),
  );
  it.each([
    'http://a.example',
    'http://localhost.evil.example',
    'http://127.0.0.1@evil.example',
    'https://user:pass@a.example',
    'https://a.example/#x',
    'ftp://a',
    'a.example',
    '',
  ])('refuses %s', (url) => expect(isSecureUrl(url)).toBe(false));
});

describe('headerName', () => {
  it.each(['X-User', 'email'])('accepts %s', (name) => {
    expect(headerName.safeParse(name).success).toBe(true);
  });
  it.each(['', 'X User', 'X:User', 'X\r\nY', 'Host', 'transfer-encoding', 'X-Forwarded-For'])(
    'refuses %j',
    (name) => expect(headerName.safeParse(name).success).toBe(false),
  );
});
