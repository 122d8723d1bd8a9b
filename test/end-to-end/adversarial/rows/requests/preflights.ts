import { type Expected, invalidToken, MISSING_TOKEN, PASSES, type Row } from '../../row.ts';
import type { Header } from '../../send-raw.ts';
import {
  MALFORMED_REQUEST,
  reaching,
  type Sent,
  SPELLINGS,
  SUBJECT,
  unauthorized,
} from './request-row.ts';

const PREFLIGHT: Header[] = [
  ['Origin', 'https://app.example'],
  ['Access-Control-Request-Method', 'DELETE'],
];

function preflight(name: string, sent: Sent, expected: Expected): Row {
  return unauthorized(
    name,
    { route: 'preflight', method: 'OPTIONS', headers: PREFLIGHT, ...sent },
    expected,
  );
}

/** What goes on without a token where preflight requests may (Fetch Standard, «CORS-preflight request»). */
export const preflights: Row[] = [
  preflight('a preflight request', {}, PASSES),
  preflight('a preflight request where those need a token too', { route: 'plain' }, MISSING_TOKEN),
  preflight('a preflight request without Origin', { headers: PREFLIGHT.slice(1) }, MISSING_TOKEN),
  preflight(
    'a preflight request that asks for no method',
    { headers: PREFLIGHT.slice(0, 1) },
    MISSING_TOKEN,
  ),
  ...['GET', 'POST', 'PURGE'].map((method) =>
    preflight(`${method} that looks like a preflight request`, { method }, MISSING_TOKEN),
  ),
  preflight(
    'POST that is said to be OPTIONS',
    { method: 'POST', headers: [...PREFLIGHT, ['X-HTTP-Method-Override', 'OPTIONS']] },
    MISSING_TOKEN,
  ),
  preflight(
    'a preflight request with a bad token',
    { headers: [...PREFLIGHT, ['Authorization', 'Bearer x.y.z']] },
    invalidToken('malformed'),
  ),
  preflight(
    'a preflight request while Connection names other headers',
    { headers: [...PREFLIGHT, ['Connection', 'close, X-Anything']] },
    MALFORMED_REQUEST,
  ),
  reaching(
    preflight(
      'a preflight request with a subject of its own',
      { headers: [...PREFLIGHT, ...SPELLINGS.map((name): Header => [name, 'root'])] },
      PASSES,
    ),
    [SUBJECT, null],
  ),
];
