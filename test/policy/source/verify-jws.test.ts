import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseVerificationKey } from '../../../src/policy/source/parse-verification-key.ts';
import { verifyJws } from '../../../src/policy/source/verify-jws.ts';
import { createSigner, sign } from './support.ts';

const signer = createSigner('RS256', 'one');
const other = createSigner('ES256', 'two');
const keyOf = (text: string) => parseVerificationKey(text, 'key');
const keys = [keyOf(JSON.stringify(other.jwk)), keyOf(signer.pem)];
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('verifyJws', () => {
  it('gives header and payload where one of the keys verifies it', async () => {
    const verdict = await verifyJws(
      await sign(signer, 'text', { typ: 'x+y', iat: 1 }),
      'x+y',
      keys,
    );
    expect(verdict).toMatchObject({ outcome: 'verified', header: { iat: 1 } });
    expect('payload' in verdict && Buffer.from(verdict.payload).toString()).toBe('text');
  });

  it.each(['x+y', 'X+Y', 'application/x+y'])('takes the type %s', async (typ) => {
    expect(await verifyJws(await sign(signer, 'a', { typ }), 'x+y', keys)).toMatchObject({
      outcome: 'verified',
    });
  });

  it.each([
    ['four parts', (jws: string) => `${jws}.e30`, /compact/],
    ['a signature of another text', (jws: string) => jws.replace(/\.[^.]+\./, '.Yg.'), /not valid/],
    ['padding', (jws: string) => `${jws}=`, /compact/],
    ['an empty payload', (jws: string) => jws.replace(/\.[^.]+\./, '..'), /compact/],
    ['an extension', () => `${part({ alg: 'RS256', typ: 'x', crit: ['x'] })}.YQ.YQ`, /extension/],
    ['b64', () => `${part({ alg: 'RS256', typ: 'x', b64: false })}.YQ.YQ`, /extension/],
    ['no signature', () => `${part({ alg: 'none', typ: 'x' })}.YQ.YQ`, /no configured key/],
    [
      'a kid that no key has',
      () => `${part({ alg: 'ES256', typ: 'x', kid: 'three' })}.YQ.YQ`,
      /no configured key/,
    ],
    ['a header that is no object', () => 'W10.YQ.YQ', /not a JSON object/],
    [
      'a MAC by the public key',
      () => {
        const input = `${part({ alg: 'HS256', typ: 'x' })}.YQ`;
        return `${input}.${createHmac('sha256', signer.pem).update(input).digest('base64url')}`;
      },
      /no configured key/,
    ],
    ['a broken signature', () => `${part({ alg: 'ES256', typ: 'x' })}.YQ.YQ`, /not valid/],
  ])('refuses %s', async (_, change, reason) => {
    const jws = change(await sign(signer, 'a', { typ: 'x' }));
    expect(await verifyJws(jws, 'x', keys)).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason),
    });
  });
});
