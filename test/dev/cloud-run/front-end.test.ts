import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CloudRun,
  type CloudRunOptions,
  startCloudRun,
} from '../../../dev/cloud-run/start-cloud-run.ts';
import { INGRESS_TRAFFIC } from '../../../dev/google/cloud-run-services.ts';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const AUDIENCE = 'https://tasks.example';
const GATEWAY = 'gateway@demo-project.iam.gserviceaccount.com';
const HOST = 'tasks-123456789012.europe-west1.run.app';
const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);

let google: Google;
let now = NOW;
const services: CloudRun[] = [];
beforeAll(async () => {
  google = await startGoogle({ clock: () => now, serviceAccounts: [{ email: GATEWAY }] });
});
afterAll(() => google.stop());
afterEach(async () => {
  now = NOW;
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

async function start(options: Partial<CloudRunOptions> = {}): Promise<CloudRun> {
  const service = await startCloudRun({
    service: 'tasks',
    audiences: [AUDIENCE],
    certsUrl: google.certsUrl,
    invokers: [GATEWAY],
    clock: () => now,
    ...options,
  });
  services.push(service);
  return service;
}

interface Answer {
  status: number | undefined;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** `fetch` would not send another Host. */
async function get(service: CloudRun, headers: Record<string, string> = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    request(`${service.url}/tasks/7`, { headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const authorization = async () => `Bearer ${await google.idToken(GATEWAY, AUDIENCE)}`;

describe('a request under the name of the service', () => {
  it.each([HOST, HOST.toUpperCase(), `${HOST}:443`])('comes in as %s', async (host) => {
    const service = await start({ hosts: [HOST] });
    const answer = await get(service, { host, authorization: await authorization() });
    expect(answer.status).toBe(200);
  });
});

describe('a request under another name', () => {
  it('gets the page of Cloud Run when the name is one of run.app', async () => {
    const service = await start({ hosts: [HOST] });
    const host = 'gone-123456789012.europe-west1.run.app';
    const answer = await get(service, { host, authorization: await authorization() });
    expect(answer).toMatchObject({ status: 404, headers: { server: 'Google Frontend' } });
    expect(answer.body).toContain('<h1>Error: Page not found</h1>');
    expect(service.requests()).toEqual([]);
  });

  it("gets Google's own page when it is nothing of Cloud Run's, with no hint of a service", async () => {
    const service = await start({ hosts: [HOST] });
    for (const host of ['gateway.example', `${HOST}.example`, 'x.run.app.example:80']) {
      const answer = await get(service, { host, authorization: await authorization() });
      expect(answer.status).toBe(404);
      expect(answer.headers.server).toBeUndefined();
      expect(answer.body).toContain('Error 404 (Not Found)!!1');
      expect(answer.body).toContain('/tasks/7');
    }
  });
});

describe('the ingress setting', () => {
  it.each(INGRESS_TRAFFIC)(
    '%s lets the internet in or answers 404, before any token',
    async (ingress) => {
      const service = await start({ ingress });
      const open = ingress === 'INGRESS_TRAFFIC_ALL';
      const admitted = await get(service, { authorization: await authorization() });
      expect(admitted.status).toBe(open ? 200 : 404);
      const { status, headers, body } = await get(service);
      expect(status).toBe(open ? 403 : 404);
      expect(headers.server).toBe('Google Frontend');
      expect(body).toContain(open ? '<h1>Error: Forbidden</h1>' : '<h1>Error: Page not found</h1>');
    },
  );
});

describe('an invoker', () => {
  it.each([`serviceAccount:${GATEWAY}`, 'allAuthenticatedUsers'])('is also %s', async (invoker) => {
    const service = await start({ invokers: [invoker] });
    expect((await get(service, { authorization: await authorization() })).status).toBe(200);
    expect((await get(service)).status).toBe(403);
    expect((await get(service, { authorization: 'Bearer x' })).status).toBe(401);
  });
});

describe('the answer of an app', () => {
  it.each([401, 403, 404])('of %i comes through as it is, from Google Frontend', async (status) => {
    const service = await start({
      app: ({ path }) => ({
        status,
        headers: {
          'content-type': 'application/json',
          'WWW-Authenticate': 'Bearer realm="tasks"',
          Server: 'the app',
          'Content-Length': '1',
          'set-cookie': ['a=1', 'b=2'],
        },
        body: JSON.stringify({ error: path }),
      }),
    });
    const answer = await get(service, { authorization: await authorization() });
    expect(answer).toMatchObject({
      status,
      headers: {
        'content-type': 'application/json',
        'www-authenticate': 'Bearer realm="tasks"',
        server: 'Google Frontend',
        'set-cookie': ['a=1', 'b=2'],
      },
      body: '{"error":"/tasks/7"}',
    });
    expect(service.requests()).toHaveLength(1);
    expect((await get(service)).headers['content-type']).toBe('text/html; charset=UTF-8');
  });

  it('may be none, and is then what it received', async () => {
    const service = await start({ app: () => undefined });
    const answer = await get(service, { authorization: await authorization() });
    expect(JSON.parse(answer.body)).toMatchObject({ service: 'tasks', path: '/tasks/7' });
  });

  it('may have neither headers nor body', async () => {
    const service = await start({ app: async () => ({ status: 204 }) });
    const answer = await get(service, { authorization: await authorization() });
    expect(answer).toMatchObject({ status: 204, body: '' });
  });

  it('is 503 when the app breaks', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const service = await start({
      app: () => {
        throw new Error('broken');
      },
    });
    const answer = await get(service, { authorization: await authorization() });
    expect(answer.status).toBe(503);
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});

describe('a token that has not expired', () => {
  const refused = {
    status: 401,
    headers: {
      'www-authenticate':
        'Bearer error="invalid_token" error_description="The access token could not be verified"',
      server: 'Google Frontend',
    },
  };

  it('is refused when it was minted before the time that was said, and a later one is not', async () => {
    const service = await start();
    const early = await authorization();
    now = NOW + 1000;
    const late = await authorization();
    service.rejectTokensMintedBefore(now);
    expect(await get(service, { authorization: early })).toMatchObject(refused);
    expect(await get(service, { 'x-serverless-authorization': early })).toMatchObject(refused);
    expect((await get(service, { authorization: late })).status).toBe(200);
    expect(service.requests()).toHaveLength(1);
  });

  it('is refused when it was seen, and another one of the same second is not', async () => {
    const service = await start();
    const used = await authorization();
    expect((await get(service, { authorization: used })).status).toBe(200);
    service.rejectSeenTokens();
    expect(await get(service, { authorization: used })).toMatchObject(refused);
    const fresh = `Bearer ${await google.idToken(GATEWAY, AUDIENCE, { jti: 'another' })}`;
    expect((await get(service, { authorization: fresh })).status).toBe(200);
    service.rejectSeenTokens();
    for (const authorization of [used, fresh]) {
      expect((await get(service, { authorization })).status).toBe(401);
    }
  });
});
