import { describe, expect, it } from 'vitest';
import { checkIdToken } from '../../src/cloud-run/check-id-token.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { AUDIENCE, fakeIdToken, frozenClock, NOW, NOW_SECONDS, thrownBy } from './support.ts';

const good = { aud: AUDIENCE, exp: NOW_SECONDS + 3600 };
const check = (text: string, email?: string) =>
  checkIdToken(text, { audience: AUDIENCE, email }, frozenClock());

describe('a token from Google', () => {
  it('is taken with its real expiry', () => {
    const text = fakeIdToken(good);
    expect(check(text)).toEqual({
      text,
      minted_at_ms: NOW,
      expires_at_ms: NOW + 3_600_000,
    });
  });

  it('is not kept for longer than an hour and a little, whatever it says', () => {
    const text = fakeIdToken({ ...good, exp: NOW_SECONDS + 86_400 });
    expect(check(text).expires_at_ms).toBe(NOW + 3_900_000);
  });

  it('is of the account that was asked for, where that is known', () => {
    const text = fakeIdToken({ ...good, email: 'Reader@p.iam.gserviceaccount.com' });
    expect(check(text, 'reader@p.iam.gserviceaccount.com').text).toBe(text);
    for (const other of [fakeIdToken(good), text]) {
      expect(() => check(other, 'rerunner@p.iam.gserviceaccount.com')).toThrow('another account');
    }
  });

  it.each<[string, JsonObject]>([
    ['another audience', { ...good, aud: `${AUDIENCE}/` }],
    ['several audiences', { ...good, aud: [AUDIENCE] }],
    ['no audience', { exp: good.exp }],
    ['an exp that is now', { ...good, exp: NOW_SECONDS }],
    ['an exp in the past', { ...good, exp: NOW_SECONDS - 1 }],
    ['an exp that is text', { ...good, exp: String(good.exp) }],
    ['no exp', { aud: AUDIENCE }],
  ])('is refused with %s', (_, claims) => {
    expect(() => check(fakeIdToken(claims))).toThrow('the ID token is');
  });

  it.each([
    ['', 'an empty answer'],
    ['<html>Sign in</html>', 'a page'],
    ['ya29.opaque', 'an access token'],
    [`${fakeIdToken(good)}\r\nX-Injected: 1`, 'a second header line'],
    [fakeIdToken(good).split('.').slice(0, 2).join('.'), 'two parts'],
    [`e30.${Buffer.from('[1]').toString('base64url')}.e30`, 'claims that are no object'],
    [fakeIdToken({ ...good, pad: 'x'.repeat(20_000) }), 'a text that no header takes'],
  ])('is not %#: %s', (text) => {
    expect(() => check(text)).toThrow('the answer is not an ID token');
  });

  it('is not quoted in the error', () => {
    const text = fakeIdToken({ ...good, aud: 'https://other.example.com' });
    const error = thrownBy(() => check(text));
    expect(String(error)).not.toContain(text);
    expect(String(error)).not.toContain('other.example.com');
  });
});
