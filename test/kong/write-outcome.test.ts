import { describe, expect, it } from 'vitest';
import { writeOutcome } from '../../src/kong/write-outcome.ts';
import { fakeKong, fakePipelinedKong } from './fake-kong.ts';

const CONSUMER = { id: '7d0f3c1e-5a8b-5e2f-9c6d-a1b2c3d4e5f6', username: 'a', custom_id: 'a' };

describe.each([
  ['our plugin server', fakePipelinedKong],
  ['the stock plugin server', fakeKong],
])('writing an outcome, over %s', (_host, create) => {
  it('sets the consumer and headers of the response, and the verdict last', async () => {
    const { kong, calls } = create();
    await writeOutcome(kong, 'tester', {
      outcome: 'continue',
      response_headers: { 'DPoP-Nonce': 'n' },
      consumer: CONSUMER,
      handoff: { authenticated_identity: { outcome: 'anonymous' } },
    });
    expect(calls).toEqual([
      ['response.set_header', 'DPoP-Nonce', 'n'],
      ['authenticate', CONSUMER],
      ['shared.set', 'authenticated_identity', '{"outcome":"anonymous"}'],
    ]);
  });

  it('answers without a refusal', async () => {
    const { kong, calls } = create();
    const answer = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' };
    await writeOutcome(kong, 'tester', { outcome: 'respond', ...answer, log: { a: 1 } });
    expect(calls).toEqual([
      ['set_serialize_value', 'authz', { a: 1 }],
      ['exit', 200, '{}', { 'Content-Type': 'application/json' }],
    ]);
  });

  it('refuses with a challenge of the scheme and further headers, which cannot replace its own', async () => {
    const { kong, calls } = create();
    await writeOutcome(kong, 'tester', {
      outcome: 'refuse',
      refusal: {
        code: 'use_dpop_nonce',
        challenge: { scheme: 'DPoP', algs: 'ES256', realm: 'api', error: 'use_dpop_nonce' },
        headers: { 'DPoP-Nonce': 'n', 'Cache-Control': 'public' },
      },
    });
    expect(calls.at(-1)).toEqual([
      'exit',
      401,
      expect.stringContaining('"code":"use_dpop_nonce"'),
      {
        'DPoP-Nonce': 'n',
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        'WWW-Authenticate': 'DPoP algs="ES256", realm="api", error="use_dpop_nonce"',
      },
    ]);
  });
});
