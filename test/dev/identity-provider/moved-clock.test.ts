import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClock, type DevClock, installClock } from '../../../dev/clock/clock.ts';
import { exchangeToken, getToken } from '../../../dev/identity-provider/get-token.ts';
import { basic, postForm, withIdentityProvider } from './with-identity-provider.ts';

const WEDNESDAY = Date.parse('2026-11-18T10:00:00+01:00');
const MINUTE_MS = 60_000;
const idp = withIdentityProvider();

let folder: string;
let clock: DevClock;
let uninstall: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-clock-'));
  clock = createClock(join(folder, 'clock'));
  clock.set(WEDNESDAY);
  uninstall = installClock(clock.file);
});

afterEach(() => {
  uninstall();
  rmSync(folder, { recursive: true, force: true });
});

async function isActive(token: string): Promise<unknown> {
  const gateway = basic('gateway', 'dev-only-gateway-secret');
  const answer = await postForm(`${idp.issuer}/token/introspection`, { token }, gateway);
  return answer.body.active;
}

describe('an identity provider whose clock is moved', () => {
  it('dates its tokens by that clock', async () => {
    const { iat, exp, auth_time } = decodeJwt(await getToken(idp.issuer, { user: 'alice' }));
    expect(Number(iat)).toBeGreaterThanOrEqual(WEDNESDAY / 1000);
    expect(Number(iat)).toBeLessThan(WEDNESDAY / 1000 + 10);
    expect(Number(exp) - Number(iat)).toBe(300);
    expect(auth_time).toBe(iat);
  });

  it('lets opaque tokens expire by that clock, and finds them valid again when it is moved back', async () => {
    const token = await getToken(idp.issuer, {
      user: 'alice',
      resource: 'https://opaque.example.com',
    });
    expect(await isActive(token)).toBe(true);
    clock.set(WEDNESDAY + 6 * MINUTE_MS);
    expect(await isActive(token)).toBe(false);
    clock.set(WEDNESDAY + MINUTE_MS);
    expect(await isActive(token)).toBe(true);
  });

  it('does not exchange a token that has expired by that clock', async () => {
    const token = await getToken(idp.issuer, { user: 'alice' });
    clock.set(WEDNESDAY + 6 * MINUTE_MS);
    await expect(exchangeToken(idp.issuer, token)).rejects.toThrow('not a valid access token');
  });
});
