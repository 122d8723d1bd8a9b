import { describe, expect, it } from 'vitest';
import { createAuthorizerStage } from '../../../src/authorizer/create-authorizer-stage.ts';
import type { RequestFacts } from '../../../src/core/request.ts';
import { configOf, createHarness, goodToken, ISSUER, JWKS_URI, NOW, reason } from '../support.ts';
import { ANSWERS, goodEvent, key, pushed, RECEIVER } from './support.ts';

/** A route for tokens and one that receives events, in one process. */
function openGateway() {
  const { present, resources, advance } = createHarness(configOf(), ANSWERS);
  const transmitter = { issuer: ISSUER, audiences: [RECEIVER], jwks_uri: JWKS_URI };
  const config = configOf({ issuers: [transmitter], security_events: {} });
  const receiver = createAuthorizerStage(config, resources);
  return {
    advance,
    present: async (changes: Record<string, unknown> = {}) =>
      reason(await present(goodToken(key, changes))),
    push: async (facts: RequestFacts) => reason(await receiver.run(facts)),
  };
}

describe('a token', () => {
  it('is refused from the moment that an event revokes it, also where it was accepted before', async () => {
    const { present, push } = openGateway();
    expect(await present({ iat: NOW - 60 })).toBe('authenticated');
    expect(await push(pushed(goodEvent()))).toBe('status 202');
    expect(await present({ iat: NOW - 60 })).toBe('the token has been revoked');
    expect(await present({ iat: undefined })).toBe('the token has been revoked');
  });

  it('is accepted where it was issued after the event, or to someone else', async () => {
    const { present, push } = openGateway();
    await push(pushed(goodEvent()));
    expect(await present({ iat: NOW - 59 })).toBe('authenticated');
    expect(await present({ iat: NOW - 60, sub: 'bob' })).toBe('authenticated');
  });

  it('opens no receiver, and an event opens no route', async () => {
    const { present, push } = openGateway();
    expect(await push({ ...pushed(''), method: 'GET' })).toBe('status 405');
    expect(await push(pushed(goodToken(key, { aud: RECEIVER })))).toBe('status 400');
    expect(await present({ iat: NOW - 60 })).toBe('authenticated');
  });
});
