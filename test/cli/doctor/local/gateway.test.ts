import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { GatewayTarget } from '../../../../src/cli/doctor/check.ts';
import { checkGateway } from '../../../../src/cli/doctor/local/check-gateway.ts';
import { recognizeAnswer } from '../../../../src/cli/doctor/local/gateway/recognize-answer.ts';
import { requestOfRoute } from '../../../../src/cli/doctor/local/gateway/request-of-route.ts';
import type { RefusalCode } from '../../../../src/core/refusal.ts';
import { renderRefusal } from '../../../../src/kong/render-refusal.ts';
import {
  AUTHORIZER,
  EVALUATOR,
  findings,
  HOST,
  type RouteText,
  subjectOf,
  TOKEN,
} from '../support.ts';

type Answers = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function gatewayThat(
  answers: Answers,
  more: Partial<GatewayTarget> = {},
): Promise<GatewayTarget> {
  const server = createServer(answers);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}`), max_requests: 50, ...more };
}

function refuse(response: ServerResponse, code: RefusalCode): void {
  const challenge =
    code === 'missing_token' ? { realm: 'api' } : { realm: 'api', error: 'invalid_token' as const };
  const { status, headers, body } = renderRefusal({ code, challenge });
  response
    .writeHead(status, { ...headers, server: 'kong/3.9.1', 'x-kong-response-latency': '1' })
    .end(body);
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

const UPSTREAM = { 'x-kong-upstream-latency': '3', via: '1.1 kong/3.9.1' };
const ACCESS = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2ln';

/** A chain at work; what comes with the token is answered by `service`. */
function chain(service: Answers): Answers {
  return (request, response) => {
    if (!request.url?.startsWith('/tasks')) {
      answer(response, 404, '{"message":"no Route matched with those values"}', {
        server: 'kong/3.9.1',
      });
    } else if (request.headers.authorization === undefined) refuse(response, 'missing_token');
    else if (request.headers.authorization !== `Bearer ${ACCESS}`)
      refuse(response, 'invalid_token');
    else service(request, response);
  };
}

async function told(target: GatewayTarget, text: RouteText = {}): Promise<string[]> {
  const found = await findings(checkGateway, text, { gateway: target });
  return found.map(({ severity, message }) => `${severity}: ${message}`);
}

const VERSION = 'info: The gateway is Kong 3.9.1.';
const REFUSES =
  'ok: The gateway refuses requests with no token, one that is none and an X-Serverless-Authorization of their own.';

describe('the check gateway', () => {
  it('sends nothing where no gateway is named', async () => {
    expect(await findings(checkGateway, {})).toEqual([]);
  });

  it('is content where the chain refuses what it should, and sends no credential of its own', async () => {
    const seen: (string | undefined)[] = [];
    const target = await gatewayThat((request, response) => {
      seen.push(request.headers.authorization);
      chain(() => {})(request, response);
    });
    expect(await told(target)).toEqual([VERSION, REFUSES]);
    expect(seen).toEqual([undefined, undefined, undefined, 'Bearer cloud-run-auth-doctor']);
  });

  it('uses the host and the headers of the route', async () => {
    const seen = new Set<string>();
    const target = await gatewayThat((request, response) => {
      if (request.url === '/tasks')
        seen.add(`${request.headers.host} ${request.headers['x-team']}`);
      chain(() => {})(request, response);
    });
    const route =
      'paths: [/tasks]\n        hosts: ["*.example.com"]\n        headers: { X-Team: [a, b] }';
    expect(await told(target, { route })).toEqual([VERSION, REFUSES]);
    expect([...seen]).toEqual(['doctor.example.com a']);
  });

  it.each([
    [
      'an answer of the service',
      200,
      '{}',
      UPSTREAM,
      'error: A request without a token reaches the service, which answers 200: the route is open.',
    ],
    [
      'a refusal that the service only copies',
      401,
      renderRefusal({ code: 'missing_token' }).body,
      { ...UPSTREAM, 'content-type': 'application/problem+json' },
      'error: A request without a token reaches the service, which answers 401',
    ],
    [
      "Google's own refusal",
      403,
      '<html><title>403 Forbidden</title></html>',
      { ...UPSTREAM, 'content-type': 'text/html' },
      'error: A request without a token reaches Google, which answers 403',
    ],
    [
      'a service that cannot be reached',
      502,
      '{"message":"An invalid response was received from the upstream server"}',
      {},
      'error: A request without a token goes past the plugins',
    ],
    [
      'a dead plugin server',
      500,
      '{"message":"An unexpected error occurred"}',
      { 'x-kong-response-latency': '1' },
      'error: A request without a token is answered 500 by Kong ("An unexpected error occurred"): the plugin server is not there.',
    ],
    [
      'another configuration',
      404,
      '{"message":"no Route matched with those values"}',
      { 'x-kong-response-latency': '1' },
      'warning: The gateway has no such route',
    ],
    [
      'another plugin before the chain',
      401,
      '{"message":"No API key found in request"}',
      { 'x-kong-response-latency': '1' },
      'info: A request without a token is answered 401 by Kong or another of its plugins',
    ],
  ])('tells of %s', async (_, status, body, headers, start) => {
    const target = await gatewayThat((request, response) => {
      if (request.url === '/tasks')
        answer(response, status, body, headers as Record<string, string>);
      else answer(response, 404, '{"message":"no Route matched with those values"}');
    });
    const found = await told(target);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(start), found[0]).toBe(true);
  });

  it.each(['invalid_config', 'keys_unavailable', 'verdict_missing'] as const)(
    'explains %s',
    async (code) => {
      const target = await gatewayThat((request, response) => {
        if (request.url === '/tasks') refuse(response, code);
        else answer(response, 404, '{"message":"no Route matched with those values"}');
      });
      const [found] = await findings(checkGateway, {}, { gateway: target });
      expect(found).toMatchObject({ severity: 'error', route: 'tasks', fix: expect.any(String) });
      expect(found?.message).toContain(code);
    },
  );

  it('reports an X-Serverless-Authorization that opens a route', async () => {
    const target = await gatewayThat((request, response) => {
      if (request.headers['x-serverless-authorization']) answer(response, 200, '{}', UPSTREAM);
      else chain(() => {})(request, response);
    });
    expect(await told(target)).toEqual([
      VERSION,
      'error: A request with an X-Serverless-Authorization of its own reaches the service, which answers 200: the route is open.',
    ]);
  });

  it('asks a route for anonymous requests with a bad token alone', async () => {
    const authorizer = AUTHORIZER.replace('issuers', 'allow_anonymous: true, issuers');
    const target = await gatewayThat(chain(() => {}));
    expect(await told(target, { plugins: [authorizer, EVALUATOR, TOKEN] })).toEqual([
      VERSION,
      'ok: The gateway refuses requests with a token that is none.',
    ]);
  });

  it.each([
    ['POST alone', 'paths: [/tasks]\n        methods: [POST]', 'takes POST alone'],
    ['https alone', 'paths: [/tasks]\n        protocols: [https]', 'takes https alone'],
    ['a pattern', 'paths: ["~/tasks/\\\\d+"]', 'has no plain path'],
  ])('does not ask a route that takes %s', async (_, route, reason) => {
    const target = await gatewayThat(chain(() => {}));
    expect((await told(target, { route }))[1]).toContain(reason);
  });

  it('sends no more requests than it may', async () => {
    let count = 0;
    const target = await gatewayThat(
      (request, response) => {
        count += 1;
        chain(() => {})(request, response);
      },
      { max_requests: 2 },
    );
    expect(await told(target)).toEqual([
      VERSION,
      expect.stringMatching(/^warning: No more than 2 requests/),
    ]);
    expect(count).toBe(2);
  });

  it('says that a gateway cannot be reached, or does not answer in time', async () => {
    const url = new URL('http://127.0.0.1:1');
    const [gone] = await findings(checkGateway, {}, { gateway: { url, max_requests: 9 } });
    expect(gone?.message).toBe('The gateway at http://127.0.0.1:1 cannot be reached.');
    const silent = await gatewayThat(() => {});
    const [late] = await findings(checkGateway, {}, { gateway: silent }, { timeout_ms: 50 });
    expect(late?.message).toMatch(/does not answer in time/);
  });

  it('does not follow a redirect with a token', async () => {
    const target = await gatewayThat(
      chain((_, response) => {
        response.writeHead(302, { location: '/tasks/elsewhere', ...UPSTREAM }).end();
      }),
      { token: ACCESS },
    );
    expect((await told(target)).at(-1)).toBe(
      'ok: A request with the token reaches the service, which answers 302.',
    );
  });
});

describe('with a token, the check gateway', () => {
  const GOOGLE_401 = {
    ...UPSTREAM,
    'content-type': 'text/html; charset=UTF-8',
    'www-authenticate':
      'Bearer error="invalid_token" error_description="The access token could not be verified"',
  };
  const HTML = { ...UPSTREAM, 'content-type': 'text/html; charset=UTF-8' };
  const ADD =
    'gcloud run services add-iam-policy-binding tasks --region=europe-west3 --member=serviceAccount:';

  it.each([
    ['the service', 200, '{}', UPSTREAM, 'ok', 'answers 200', undefined],
    [
      "the service's own 403",
      403,
      '{"error":"no"}',
      UPSTREAM,
      'info',
      'refuses it with 403 itself',
      undefined,
    ],
    [
      "Google's 401",
      401,
      '<html>',
      GOOGLE_401,
      'error',
      'audience',
      `gcloud run services update tasks --region=europe-west3 --add-custom-audiences=https://${HOST}`,
    ],
    [
      "Google's 403",
      403,
      '<html><title>403 Forbidden</title>',
      HTML,
      'error',
      'may not invoke',
      ADD,
    ],
    [
      "Google's 404 of ingress",
      404,
      '<html><title>404 Page not found</title>',
      HTML,
      'error',
      'ingress',
      'gcloud run services describe tasks',
    ],
    [
      "Google's 404 of an unknown host",
      404,
      '<title>Error 404 (Not Found)!!1</title>',
      HTML,
      'error',
      'name that Host has',
      'gcloud run services describe tasks',
    ],
    [
      'Identity-Aware Proxy',
      401,
      'Invalid IAP credentials: x',
      { ...HTML, 'x-goog-iap-generated-response': 'true' },
      'error',
      'Identity-Aware Proxy',
      'header: Proxy-Authorization',
    ],
    [
      'Kong',
      502,
      '{"message":"An invalid response was received from the upstream server"}',
      {},
      'error',
      'by Kong',
      'host, port and certificate of service tasks',
    ],
  ])('tells the answer of %s', async (_, status, body, headers, severity, part, fix) => {
    const target = await gatewayThat(
      chain((_request, response) =>
        answer(response, status, body, headers as Record<string, string>),
      ),
      { token: ACCESS },
    );
    const found = await findings(checkGateway, {}, { gateway: target });
    const last = found.at(-1);
    expect(last).toMatchObject({ severity, route: 'tasks' });
    expect(last?.message).toContain(part);
    if (fix === undefined) expect(last?.fix).toBeUndefined();
    else expect(last?.fix).toContain(fix);
    expect(JSON.stringify(found)).not.toContain(ACCESS);
  });

  it('tells what the chain says of the token', async () => {
    const target = await gatewayThat(
      chain((_, response) => refuse(response, 'policy_denied')),
      { token: ACCESS },
    );
    expect((await told(target)).at(-1)).toBe(
      'info: A request with the token is refused with 403 policy_denied.',
    );
  });
});

describe('an answer', () => {
  it('is not ours by its body alone: the type must say so too', () => {
    const { origin } = recognizeAnswer({
      status: 401,
      headers: new Headers({ 'content-type': 'application/json' }),
      body: '{"code":"missing_token"}',
    });
    expect(origin).toEqual({ by: 'service' });
  });

  it('does not pass on a code that there is not', () => {
    const body = '{"type":"urn:kong-cloud-run-auth:refusal:constructor","code":"constructor"}';
    const headers = new Headers({ 'content-type': 'application/problem+json' });
    expect(recognizeAnswer({ status: 401, headers, body }).origin).toEqual({ by: 'service' });
  });
});

it('asks not for the metadata that are served without a token', () => {
  const route = 'paths: [/.well-known/oauth-protected-resource/mcp, /mcp]';
  const [declared] = subjectOf({ route }).routes;
  if (declared === undefined) throw new Error('no route');
  const url = new URL('http://127.0.0.1:8000');
  expect(requestOfRoute(declared, { url })).toMatchObject({ path: '/mcp' });
});
