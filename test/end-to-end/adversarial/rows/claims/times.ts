import { type Expected, invalidToken, PASSES, type Row, tokenRow } from '../../row.ts';
import { claim } from './claim.ts';

const MALFORMED = invalidToken('malformed_claim');

/** A number as the token's text has it: JSON.stringify knows no `1e400`. */
function literal(name: string, member: string, number: string, expected: Expected): Row {
  const edit = (text: string) =>
    text.replace(new RegExp(`,"${member}":[^,}]*`), '').replace(/}$/, `,"${member}":${number}}`);
  return tokenRow(name, (scene) => scene.token({ editClaims: edit }), expected);
}

/** Some seconds of slack where time runs against the row; none where it does not. */
export const SLACK = 8;

/** When a token is good (RFC 7519 §4.1.4 to §4.1.6). */
export const times: Row[] = [
  claim('no exp', { exp: undefined }, invalidToken('no_expiry')),
  claim(
    'an exp as long ago as the leeway',
    (s) => ({ exp: s.now() - 30 }),
    invalidToken('expired'),
  ),
  claim('an exp within the leeway', (s) => ({ exp: s.now() - 30 + SLACK }), PASSES),
  claim(
    'an exp of now, where there is no leeway',
    (s) => ({ exp: s.now() }),
    invalidToken('expired'),
    'punctual',
  ),
  claim('an exp of 0', { exp: 0 }, invalidToken('expired')),
  claim('a negative exp', { exp: -1 }, invalidToken('expired')),
  claim('an exp with a fraction', (s) => ({ exp: s.now() + 300.5 }), PASSES),
  claim('an exp as a text', (s) => ({ exp: String(s.now() + 300) }), MALFORMED),
  claim('an exp as a date', { exp: '2099-01-01T00:00:00Z' }, MALFORMED),
  claim('an exp in a list', (s) => ({ exp: [s.now() + 300] }), MALFORMED),
  claim('an exp of true', { exp: true }, MALFORMED),
  claim('an exp of null', { exp: null }, MALFORMED),
  literal('an exp beyond all numbers', 'exp', '1e400', MALFORMED),
  literal('an exp below all numbers', 'exp', '-1e400', MALFORMED),
  claim('an nbf at the edge of the leeway', (s) => ({ nbf: s.now() + 30 }), PASSES),
  claim(
    'an nbf beyond the leeway',
    (s) => ({ nbf: s.now() + 31 + SLACK }),
    invalidToken('not_yet_valid'),
  ),
  claim('an nbf in the far future', { nbf: 1e15 }, invalidToken('not_yet_valid')),
  claim('an nbf as a text', { nbf: '0' }, MALFORMED),
  claim('an nbf of null', { nbf: null }, MALFORMED),
  literal('an nbf below all numbers', 'nbf', '-1e400', MALFORMED),
  claim('an iat at the edge of the leeway', (s) => ({ iat: s.now() + 30 }), PASSES),
  claim(
    'an iat beyond the leeway',
    (s) => ({ iat: s.now() + 31 + SLACK }),
    invalidToken('issued_in_future'),
  ),
  claim('an iat as a text', (s) => ({ iat: String(s.now()) }), MALFORMED),
  claim('a negative iat', { iat: -1 }, PASSES),
  claim('no iat', { iat: undefined }, PASSES),
  claim('no iat where age matters', { iat: undefined }, invalidToken('no_issue_time'), 'young'),
  claim('an iat within age and leeway', (s) => ({ iat: s.now() - 90 + SLACK }), PASSES, 'young'),
  claim(
    'an iat beyond age and leeway',
    (s) => ({ iat: s.now() - 91 }),
    invalidToken('too_old'),
    'young',
  ),
];
