import { expect, it } from 'vitest';
import { renderRefusal } from '../../src/kong/render-refusal.ts';

it('names the rule of a refusal that names it', () => {
  const { status, body } = renderRefusal({ code: 'policy_denied', rule: 'no-writes' });
  expect([status, JSON.parse(body)]).toEqual([
    403,
    {
      type: 'urn:kong-cloud-run-auth:refusal:policy_denied',
      title: 'The policy does not allow this request',
      status: 403,
      code: 'policy_denied',
      rule: 'no-writes',
    },
  ]);
  expect(JSON.parse(renderRefusal({ code: 'policy_denied' }).body)).not.toHaveProperty('rule');
});

it('tells which login would do (RFC 9470)', () => {
  const challenge = { realm: 'api', acr_values: 'phr', max_age: '300' };
  const { headers } = renderRefusal({ code: 'insufficient_user_authentication', challenge });
  expect(headers['WWW-Authenticate']).toBe('Bearer realm="api", acr_values="phr", max_age="300"');
});
