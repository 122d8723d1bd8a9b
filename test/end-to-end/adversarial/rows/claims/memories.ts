import { expect } from 'vitest';
import type { RouteName } from '../../routes.ts';
import { authorization, type Expected, invalidToken, type Row } from '../../row.ts';
import type { TokenChanges } from '../../scene.ts';
import { STEP_UP } from './logins.ts';
import { LACKS_CLAIM, LACKS_SCOPE } from './requirements.ts';

/** Sends a token, which is good, once beforehand, and on to another route or at a later time. */
function remembered(
  name: string,
  { route, seconds = 0, ...changes }: { route: RouteName; seconds?: number } & TokenChanges,
  expected: Expected,
): Row {
  return {
    name,
    route,
    async request(scene) {
      const request = authorization(`Bearer ${scene.token(changes)}`);
      const first = await scene.send({ path: '/plain', ...request });
      expect(first.status).toBe(200);
      scene.advance(seconds);
      return request;
    },
    expected,
  };
}

/** What is remembered of a token must not count where it is not enough. */
export const memories: Row[] = [
  remembered(
    'a token that was good until it expired',
    { route: 'plain', seconds: 330 },
    invalidToken('expired'),
  ),
  remembered(
    'a token that is good where less is asked of its typ',
    { route: 'typed', header: { typ: 'JWT' } },
    invalidToken('wrong_type'),
  ),
  remembered(
    'a token that is good where less is asked of its scopes',
    { route: 'scoped', claims: { scope: 'tasks:read' } },
    LACKS_SCOPE,
  ),
  remembered(
    'a token that is good where less is asked of its claims',
    { route: 'operators' },
    LACKS_CLAIM,
  ),
  remembered(
    'a token that is good where less is asked of its login',
    { route: 'step-up' },
    STEP_UP,
  ),
  remembered(
    'a token that is good where it may be bound to nothing',
    { route: 'possessed' },
    invalidToken('not_bound', 'DPoP'),
  ),
  remembered(
    'a token that is good for another audience claim',
    { route: 'cognito' },
    invalidToken('wrong_audience'),
  ),
  remembered(
    'a token that is good where it may be old',
    { route: 'young', seconds: 90 },
    invalidToken('too_old'),
  ),
];
