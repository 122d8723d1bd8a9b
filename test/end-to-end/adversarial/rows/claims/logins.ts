import { PASSES, type Row, refused, tokenRow } from '../../row.ts';
import { type Changes, claim } from './claim.ts';
import { SLACK } from './times.ts';

export const STEP_UP = refused(
  'insufficient_user_authentication',
  'error="insufficient_user_authentication"',
  'acr_values="phr phrh"',
  'max_age="300"',
);

function login(name: string, changes: (now: number) => Changes, expected = STEP_UP): Row {
  const good = (now: number) => ({ acr: 'phr', auth_time: now - 10, ...changes(now) });
  return claim(name, (scene) => good(scene.now()), expected, 'step-up');
}

/** How and when the user has authenticated (RFC 9470). */
export const logins: Row[] = [
  login('a strong and recent login', () => ({}), PASSES),
  login('no acr', () => ({ acr: undefined })),
  login('a weaker acr', () => ({ acr: 'pwd' })),
  login('acr in another case', () => ({ acr: 'PHR' })),
  login('acr in a list', () => ({ acr: ['phr'] })),
  login('two acr in one text', () => ({ acr: 'phr phrh' })),
  login('acr of null', () => ({ acr: null })),
  login('amr in place of acr', () => ({ acr: undefined, amr: ['phr'] })),
  login('no auth_time', () => ({ auth_time: undefined })),
  login('an auth_time as a text', (now) => ({ auth_time: String(now) })),
  login('an auth_time of null', () => ({ auth_time: null })),
  login('an auth_time within age and leeway', (now) => ({ auth_time: now - 330 + SLACK }), PASSES),
  login('an auth_time beyond age and leeway', (now) => ({ auth_time: now - 331 })),
  login('an auth_time in the future', (now) => ({ auth_time: now + 31 + SLACK })),
  tokenRow(
    'an auth_time beyond all numbers',
    (scene) =>
      scene.token({
        claims: { acr: 'phr', auth_time: 1 },
        editClaims: (text) => text.replace('"auth_time":1', '"auth_time":1e400'),
      }),
    STEP_UP,
    { route: 'step-up' },
  ),
];
