import type { IncomingMessage, RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createUrlSource } from '../../../../../src/core/google/sources/subject-token/url.ts';
import { Malfunction } from '../../../../../src/core/malfunction.ts';
import { createCleanUp, failureOf, inTime, SECRET } from './support.ts';

const TEXT = { type: 'text' } as const;
const AZURE = { type: 'json', subject_token_field_name: 'access_token' } as const;

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

async function fetchFrom(
  listener: RequestListener,
  { format = TEXT, headers = {}, signal = inTime() }: Partial<Options> = {},
): Promise<string> {
  const url = `${await cleanUp.serve(listener)}/token?a=b`;
  return createUrlSource({ url, headers, format }).fetchSubjectToken(signal);
}

interface Options {
  format: typeof TEXT | typeof AZURE;
  headers: Record<string, string>;
  signal: AbortSignal;
}

describe('the URL source', () => {
  it('gives the text of the answer without the space around it', async () => {
    expect(await fetchFrom((_, response) => response.end(`${SECRET}\n`))).toBe(SECRET);
  });

  it('asks as the instance metadata of Azure wants to be asked', async () => {
    let seen: IncomingMessage | undefined;
    const token = await fetchFrom(
      (request, response) => {
        seen = request;
        response.setHeader('content-type', 'application/json; charset=utf-8');
        response.end(JSON.stringify({ access_token: SECRET, token_type: 'Bearer' }));
      },
      { format: AZURE, headers: { Metadata: 'True' } },
    );
    expect(token).toBe(SECRET);
    expect(seen).toMatchObject({
      method: 'GET',
      url: '/token?a=b',
      headers: { metadata: 'True' },
    });
  });

  it('tries again after a passing fault', async () => {
    let calls = 0;
    const token = await fetchFrom((_, response) => {
      calls += 1;
      response.statusCode = calls === 1 ? 503 : 200;
      response.end(SECRET);
    });
    expect([token, calls]).toEqual([SECRET, 2]);
  });

  it('follows no redirect, which would carry the headers elsewhere', async () => {
    let followed = 0;
    const elsewhere = await cleanUp.serve((_, response) => {
      followed += 1;
      response.end('token');
    });
    const fetching = fetchFrom(
      (_, response) => response.writeHead(302, { location: elsewhere }).end(SECRET),
      { headers: { Authorization: SECRET } },
    );
    expect(await failureOf(fetching)).toBe("the subject token's URL failed: HTTP 302");
    expect(followed).toBe(0);
  });

  it.each([
    ['a refusal', 400, '{"error":"invalid_request","error_description":"c3VwZXJzZWNyZXQ"}'],
    ['somebody else', 404, '<html>c3VwZXJzZWNyZXQ</html>'],
  ])('tells %s by its status alone', async (_, status, body) => {
    const fetching = fetchFrom((_request, response) => response.writeHead(status).end(body), {
      format: AZURE,
      headers: { 'X-Secret': SECRET },
    });
    expect(await failureOf(fetching)).toBe(`the subject token's URL failed: HTTP ${status}`);
  });

  it.each([
    ['that is announced', { 'content-length': '100000' }],
    ['that is not announced', {}],
  ])('refuses an answer of more than 64 KB %s', async (_, headers) => {
    const fetching = fetchFrom((_request, response) => {
      response.writeHead(200, headers);
      response.end(SECRET.repeat(100_000 / SECRET.length + 1).slice(0, 100_000));
    });
    expect(await failureOf(fetching)).toBe(
      "the subject token's URL failed: the answer is too large",
    );
  });

  it('stops waiting for an answer that does not come when it is told to', async () => {
    const controller = new AbortController();
    const fetching = fetchFrom(
      (_, response) => {
        response.write(SECRET);
        controller.abort();
      },
      { signal: controller.signal },
    );
    await expect(fetching).rejects.toBeInstanceOf(Malfunction);
  });

  it('tells a service that is not there', async () => {
    const source = createUrlSource({ url: 'http://127.0.0.1:1/', headers: {}, format: TEXT });
    const reason = await failureOf(source.fetchSubjectToken(inTime()));
    expect(reason).toBe("the subject token's URL failed: ECONNREFUSED");
  });

  it.each([
    ['an empty answer', '', TEXT, 'is empty'],
    ['a page', '<html> <body>c3VwZXJzZWNyZXQ', TEXT, 'holds something else'],
    ['no JSON', SECRET, AZURE, 'holds no JSON object'],
    ['a number', '{"access_token":7}', AZURE, 'has no string in the field'],
  ])('refuses %s', async (_, body, format, problem) => {
    const reason = await failureOf(
      fetchFrom((_request, response) => response.end(body), { format }),
    );
    expect(reason).toContain(`the answer of the subject token's URL ${problem}`);
  });
});
