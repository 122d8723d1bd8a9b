import { describe, expect, it } from 'vitest';
import { checkVerdict } from '../../src/cloud-run/check-verdict.ts';
import type { PolicyDecision } from '../../src/core/decision.ts';
import type { IdentityVerdict } from '../../src/core/identity.ts';

const allow: PolicyDecision = {
  outcome: 'allow',
  code: null,
  rule: 'readers',
  grant: null,
  policy_version: `sha256:${'0'.repeat(64)}`,
};
const deny: PolicyDecision = { ...allow, outcome: 'deny', code: 'policy_denied' };
const anonymous: IdentityVerdict = { outcome: 'anonymous' };
const alice: IdentityVerdict = {
  outcome: 'authenticated',
  identity: {
    subject: 'alice',
    issuer: 'https://id.example.com',
    email: null,
    groups: [],
    scopes: [],
    actor: null,
    claims: {},
  },
  token: { jti: null, fingerprint: '0123456789abcdef' },
};

describe('the verdict', () => {
  it.each([
    ['decision', 'nothing', 'nothing', 'verdict_missing'],
    ['decision', 'nothing', 'allow', 'pass'],
    ['decision', 'nothing', 'deny', 'verdict_missing'],
    ['decision', 'alice', 'nothing', 'verdict_missing'],
    ['decision', 'alice', 'allow', 'pass'],
    ['decision', 'alice', 'deny', 'verdict_missing'],
    ['decision', 'anonymous', 'nothing', 'verdict_missing'],
    ['decision', 'anonymous', 'allow', 'pass'],
    ['identity', 'nothing', 'nothing', 'verdict_missing'],
    ['identity', 'nothing', 'allow', 'verdict_missing'],
    ['identity', 'nothing', 'deny', 'verdict_missing'],
    ['identity', 'alice', 'nothing', 'pass'],
    ['identity', 'alice', 'allow', 'pass'],
    ['identity', 'alice', 'deny', 'verdict_missing'],
    ['identity', 'anonymous', 'nothing', 'missing_token'],
    ['identity', 'anonymous', 'allow', 'missing_token'],
    ['identity', 'anonymous', 'deny', 'verdict_missing'],
  ] as const)(
    'with require %s, identity %s and decision %s gives %s',
    (require, identity, decision, expected) => {
      const verdict = checkVerdict(require, {
        ...(identity === 'nothing'
          ? {}
          : { authenticated_identity: { alice, anonymous }[identity] }),
        ...(decision === 'nothing' ? {} : { policy_decision: { allow, deny }[decision] }),
      });
      expect(verdict.outcome === 'refuse' ? verdict.refusal.code : 'pass').toBe(expected);
    },
  );

  it.each(['decision', 'identity'] as const)(
    'with require %s passes on the account that the deciding rule names',
    (require) => {
      const run_as = 'reader@p.iam.gserviceaccount.com';
      expect(
        checkVerdict(require, {
          authenticated_identity: alice,
          policy_decision: { ...allow, run_as },
        }),
      ).toEqual({ outcome: 'go', run_as });
    },
  );

  it('challenges an anonymous request without an error code (RFC 6750 section 3.1)', () => {
    expect(checkVerdict('identity', { authenticated_identity: anonymous })).toMatchObject({
      refusal: { challenge: { realm: 'api' } },
    });
  });
});
