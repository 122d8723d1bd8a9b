import { expect } from 'vitest';
import type { Arrival } from '../../../open-upstream.ts';
import type { RouteName } from '../../routes.ts';
import { authorization, type Expected, type Row, refusedWithoutChallenge } from '../../row.ts';
import type { Header, RawRequest } from '../../send-raw.ts';

export interface Sent extends Partial<Omit<RawRequest, 'headers'>> {
  headers?: readonly Header[];
  route?: RouteName;
  claims?: Record<string, unknown>;
}

/** A request with a good token. */
export function authorized(name: string, sent: Sent, expected: Expected): Row {
  const { route = 'plain', claims = {}, headers = [], ...rest } = sent;
  return {
    name,
    route,
    request: (scene) => ({
      ...rest,
      headers: [...authorization(`Bearer ${scene.token({ claims })}`).headers, ...headers],
    }),
    expected,
  };
}

/** A request without a token. */
export function unauthorized(name: string, sent: Sent, expected: Expected): Row {
  const { route = 'plain', claims: _, ...rest } = sent;
  return { name, route, request: () => rest, expected };
}

/** Every header whose name an application may fold into that one: CGI and WSGI take `-` for `_`, some whatever it is. */
export function seen({ headers }: Arrival, name: string): string[] {
  return Object.entries(headers)
    .filter(([spelling]) => spelling.replace(/[^a-z0-9]/g, '-') === name)
    .map(([, value]) => String(value));
}

export const SUBJECT = 'x-authenticated-subject';

/** That the upstream got these headers with these values, and none under another spelling; null for none at all. */
export function reaching(row: Row, ...wanted: [name: string, value: string | null][]): Row {
  return {
    ...row,
    upstream(arrival) {
      for (const [name, value] of wanted) {
        expect([name, ...seen(arrival, name)]).toEqual(value === null ? [name] : [name, value]);
      }
    },
  };
}

/** All that CGI and WSGI take for one. */
export const SPELLINGS = [
  'X-Authenticated-Subject',
  'x-authenticated-subject',
  'X_Authenticated_Subject',
  'X-Authenticated_Subject',
  'X_AUTHENTICATED-SUBJECT',
];

/** Told by the gateway itself, as it is not about credentials. */
export const MALFORMED_REQUEST: Expected = refusedWithoutChallenge('invalid_request');
