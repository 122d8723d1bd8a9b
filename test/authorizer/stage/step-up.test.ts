import { describe, expect, it } from 'vitest';
import {
  configOf,
  createHarness,
  createKey,
  goodToken,
  JWKS_URI,
  keySet,
  NOW,
  summary,
} from '../support.ts';

const key = createKey('ES256', 'key');

async function ask(config: Record<string, unknown>, claims: Record<string, unknown>) {
  const { present } = createHarness(configOf(config), { [JWKS_URI]: keySet(key) });
  return present(goodToken(key, claims));
}

describe('step-up authentication', () => {
  it.each([
    ['one of the classes', { acr: 'phr' }, 'authenticated'],
    ['the other of them', { acr: 'phrh' }, 'authenticated'],
    ['a weaker class', { acr: 'pwd' }, 'insufficient_user_authentication'],
    ['no class', {}, 'insufficient_user_authentication'],
    ['a list of classes', { acr: ['phr'] }, 'insufficient_user_authentication'],
    ['both in one text', { acr: 'phr phrh' }, 'insufficient_user_authentication'],
  ])('judges a token with %s', async (_, claims, expected) => {
    expect(summary(await ask({ required_acr: ['phr', 'phrh'] }, claims))).toBe(expected);
  });

  it.each([
    ['a moment ago', { auth_time: NOW }, 'authenticated'],
    ['as long ago as may be', { auth_time: NOW - 330 }, 'authenticated'],
    ['a second longer ago', { auth_time: NOW - 331 }, 'insufficient_user_authentication'],
    ['never, it seems', {}, 'insufficient_user_authentication'],
    ['in the future', { auth_time: NOW + 31 }, 'insufficient_user_authentication'],
    ['at a time that is a text', { auth_time: String(NOW) }, 'insufficient_user_authentication'],
  ])('judges a user who authenticated %s', async (_, claims, expected) => {
    expect(summary(await ask({ max_authentication_age_seconds: 300 }, claims))).toBe(expected);
  });

  it('tells the client what to ask the authorization server for', async () => {
    const config = { required_acr: ['phr', 'phrh'], max_authentication_age_seconds: 300 };
    expect(await ask(config, { acr: 'pwd' })).toEqual({
      outcome: 'refuse',
      refusal: {
        code: 'insufficient_user_authentication',
        detail: 'a stronger authentication is required',
        challenge: {
          realm: 'api',
          error: 'insufficient_user_authentication',
          error_description: 'a stronger authentication is required',
          acr_values: 'phr phrh',
          max_age: '300',
        },
      },
    });
  });

  it('does not send a user to a stronger login whose token would lack a scope all the same', async () => {
    const config = { required_acr: ['phr'], required_scopes: ['admin'] };
    expect(summary(await ask(config, { acr: 'pwd' }))).toBe('insufficient_scope');
  });

  it('is asked for anew when a remembered token has become too old', async () => {
    const config = configOf({ max_authentication_age_seconds: 60 });
    const { present, advance } = createHarness(config, { [JWKS_URI]: keySet(key) });
    const token = goodToken(key, { auth_time: NOW });
    expect(summary(await present(token))).toBe('authenticated');
    advance(91);
    expect(summary(await present(token))).toBe('insufficient_user_authentication');
  });
});
