import { AUDIENCE } from '../../routes.ts';
import { invalidToken, PASSES, type Row } from '../../row.ts';
import { claim } from './claim.ts';

const MALFORMED = invalidToken('malformed_claim');
const WRONG_AUDIENCE = invalidToken('wrong_audience');

function audience(name: string, aud: unknown, expected = WRONG_AUDIENCE): Row {
  return claim(`an aud that is ${name}`, { aud }, expected);
}

/** Whom a token is for (RFC 7519 §4.1.3). */
export const audiences: Row[] = [
  audience('absent', undefined),
  audience('null', null),
  audience('empty', ''),
  audience('an empty list', []),
  audience('another', 'https://other.example.com'),
  audience('followed by a slash', `${AUDIENCE}/`),
  audience('in another case', AUDIENCE.toUpperCase()),
  audience('the beginning of the right one', AUDIENCE.slice(0, -1)),
  audience('the right one and more', `${AUDIENCE}.evil.example`),
  audience('two in one text', `${AUDIENCE} https://other.example.com`),
  audience('a star', '*'),
  audience('a list of others', ['https://other.example.com', `${AUDIENCE}/`]),
  audience('a list with the right one', ['https://other.example.com', AUDIENCE], PASSES),
  audience('a list with the right one and a number', [AUDIENCE, 1], MALFORMED),
  audience('a list in a list', [[AUDIENCE]], MALFORMED),
  audience('an object', { [AUDIENCE]: true }, MALFORMED),
  audience('a number', 1, MALFORMED),
  claim('an audience in azp alone', { aud: undefined, azp: AUDIENCE }, WRONG_AUDIENCE),
  claim(
    'the right client_id where that says it',
    { aud: undefined, client_id: 'app' },
    PASSES,
    'cognito',
  ),
  claim('the right aud where client_id says it', { aud: 'app' }, WRONG_AUDIENCE, 'cognito'),
  claim(
    'another client_id beside the right aud',
    { aud: 'app', client_id: 'web' },
    WRONG_AUDIENCE,
    'cognito',
  ),
];
