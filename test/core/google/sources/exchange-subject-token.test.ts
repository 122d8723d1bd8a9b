import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { exchangeSubjectToken } from '../../../../src/core/google/sources/exchange-subject-token.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './subject-token/support.ts';

const AUDIENCE =
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

async function exchange(listener: RequestListener, signal = inTime()): Promise<unknown> {
  const account = {
    audience: AUDIENCE,
    subject_token_type: JWT,
    token_url: `${await cleanUp.serve(listener)}/v1/token`,
    impersonation: undefined,
    source: { kind: 'file', file: '/none', format: { type: 'text' } },
  } as const;
  return exchangeSubjectToken(account, `${SECRET}+/=&`, { scope: 'a b', signal });
}

describe('the exchange of a subject token', () => {
  it('is a form as RFC 8693 writes it, without credentials of its own', async () => {
    let form: URLSearchParams | undefined;
    let headers: object = {};
    const answer = await exchange(async (request, response) => {
      headers = { url: request.url, method: request.method, ...request.headers };
      form = new URLSearchParams(await text(request));
      response.end('{"access_token":"x"}');
    });
    expect(answer).toEqual({ access_token: 'x' });
    expect(headers).toMatchObject({
      url: '/v1/token',
      method: 'POST',
      'content-type': expect.stringContaining('application/x-www-form-urlencoded'),
    });
    expect(headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: AUDIENCE,
      scope: 'a b',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token: `${SECRET}+/=&`,
      subject_token_type: JWT,
    });
  });

  it('is tried again after a passing fault', async () => {
    let calls = 0;
    const answer = await exchange((_, response) => {
      calls += 1;
      response.statusCode = calls === 1 ? 503 : 200;
      response.end('{}');
    });
    expect([answer, calls]).toEqual([{}, 2]);
  });

  it.each([
    [400, { error: 'invalid_grant', error_description: SECRET }, 'HTTP 400 invalid_grant'],
    [400, { error: 'invalid_target' }, 'HTTP 400 invalid_target'],
    [400, { error: SECRET }, 'HTTP 400'],
    [403, { error: { message: SECRET } }, 'HTTP 403'],
    [307, {}, 'HTTP 307'],
  ])('tells a refusal by its status and code: %i %j', async (status, body, problem) => {
    const exchanging = exchange((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(JSON.stringify(body));
    });
    expect(await failureOf(exchanging)).toBe(`the token exchange failed: ${problem}`);
  });

  it('reads no more than 64 KB', async () => {
    const exchanging = exchange((_, response) => response.end(SECRET.repeat(10_000)));
    expect(await failureOf(exchanging)).toBe('the token exchange failed: the answer is too large');
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    const exchanging = exchange(() => controller.abort(), controller.signal);
    expect(await failureOf(exchanging)).toMatch(/^the token exchange failed: /);
  });
});
