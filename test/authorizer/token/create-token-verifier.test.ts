import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  ISSUER,
  JWKS_URI,
  keySet,
  summary,
} from '../support.ts';

describe.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('a token signed with %s', (alg) => {
  const key = createKey(alg, 'key');
  const { present, authorize } = createHarness(configOf(), { [JWKS_URI]: keySet(key) });
  const token = goodToken(key);
  const mutation = fc
    .record({ position: fc.nat(token.length - 1), byte: fc.nat(255) })
    .filter(({ position, byte }) => token.charCodeAt(position) !== byte);

  it('is accepted as it is', async () => {
    expect(summary(await present(token))).toBe('authenticated');
  });

  it('is never accepted with any one byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(mutation, async ({ position, byte }) => {
        const changed = `${token.slice(0, position)}${String.fromCharCode(byte)}${token.slice(position + 1)}`;
        expect(['invalid_token', 'invalid_request']).toContain(summary(await present(changed)));
      }),
      { numRuns: 400 },
    );
  });

  it('is never accepted with its last character changed, whose low bits may mean nothing', async () => {
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (token.endsWith(last)) continue;
      expect(summary(await present(token.slice(0, -1) + last))).toBe('invalid_token');
    }
  });

  it('is never accepted with a character taken out or put in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.boolean(), async (position, takeOut) => {
        const rest = token.slice(takeOut ? position + 1 : position);
        const changed = `${token.slice(0, position)}${takeOut ? '' : 'A'}${rest}`;
        expect(['invalid_token', 'invalid_request']).toContain(summary(await present(changed)));
      }),
      { numRuns: 100 },
    );
  });

  it('has a verdict for any header at all, and never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(summary(await authorize(`Bearer ${text}`))).toMatch(/^invalid_(?:token|request)$/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('algorithms', () => {
  it.each(['RS384', 'RS512', 'PS384', 'PS512', 'ES384', 'ES512', 'Ed25519'])(
    '%s is verified where it is configured',
    async (alg) => {
      const key = createKey(alg, 'key');
      const issuers = [{ issuer: ISSUER, audiences: ['a'], jwks_uri: JWKS_URI, algorithms: [alg] }];
      const { present } = createHarness(configOf({ issuers }), { [JWKS_URI]: keySet(key) });
      const token = goodToken(key, { aud: 'a' });
      expect(summary(await present(token))).toBe('authenticated');
      expect(summary(await present(`${token.slice(0, -8)}AAAAAAAA`))).toBe('invalid_token');
    },
  );
});
