import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Google, startGoogle } from '../../../dev/google/start-google.ts';

const [VIEWER, OTHER] = ['viewer', 'other'].map(
  (name) => `${name}@demo-project.iam.gserviceaccount.com`,
) as [string, string];
const SERVICES = 'projects/demo-project/locations/europe-west1/services';

let google: Google;
beforeAll(async () => {
  google = await startGoogle({
    serviceAccounts: [{ email: VIEWER }, { email: OTHER, tokenCreators: [VIEWER] }],
    cloudRunServices: [
      { name: `${SERVICES}/tasks`, labels: { env: 'staging' } },
      { name: `${SERVICES}/shared`, viewers: [OTHER] },
    ],
  });
});
afterAll(() => google.stop());

async function accessToken(query = ''): Promise<string> {
  const response = await fetch(
    `${google.url}/computeMetadata/v1/instance/service-accounts/default/token${query}`,
    { headers: { 'metadata-flavor': 'Google' } },
  );
  return ((await response.json()) as { access_token: string }).access_token;
}

/** A token of the account that may not read all services. */
async function otherToken(): Promise<string> {
  const response = await fetch(
    `${google.url}/v1/projects/-/serviceAccounts/${OTHER}:generateAccessToken`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${await accessToken()}` },
      body: JSON.stringify({ scope: ['https://www.googleapis.com/auth/cloud-platform'] }),
    },
  );
  return ((await response.json()) as { accessToken: string }).accessToken;
}

async function get(path: string, token?: string, method = 'GET') {
  const authorization = `Bearer ${token ?? (await accessToken())}`;
  const response = await fetch(`${google.url}/v2/${path}`, { method, headers: { authorization } });
  const text = await response.text();
  return {
    status: response.status,
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
}

describe('a Cloud Run service', () => {
  it('has a name, labels and what else the gateway should not ask for', async () => {
    const { status, body } = await get(`${SERVICES}/tasks`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: `${SERVICES}/tasks`,
      labels: { env: 'staging' },
      template: { containers: [{ env: [{ name: 'DATABASE_PASSWORD' }] }] },
    });
  });

  it.each([
    ['name,labels', { name: `${SERVICES}/tasks`, labels: { env: 'staging' } }],
    ['labels', { labels: { env: 'staging' } }],
    [
      'template(containers(env(name)))',
      { template: { containers: [{ env: [{ name: 'DATABASE_PASSWORD' }] }] } },
    ],
    ['constructor', {}],
  ])('is given in part for fields=%s', async (fields, part) => {
    expect((await get(`${SERVICES}/tasks?fields=${fields}`)).body).toEqual(part);
  });

  it.each(['', 'labels,', 'labels(', 'labels()', 'labels)', 'a b', 'labels/env'])(
    'is not given for fields=%s',
    async (fields) => {
      expect((await get(`${SERVICES}/tasks?fields=${fields}`)).status).toBe(400);
    },
  );

  it('leaves out labels where there are none', async () => {
    expect((await get(`${SERVICES}/shared`)).body).not.toHaveProperty('labels');
  });

  it('has a URL by the number of its project and one by a hash, and takes traffic from everywhere', async () => {
    const { body } = await get(`${SERVICES}/tasks?fields=uri,urls,ingress`);
    expect(body).toEqual({
      uri: expect.stringMatching(/^https:\/\/tasks-[a-z2-7]{10}-ew\.a\.run\.app$/),
      urls: ['https://tasks-123456789012.europe-west1.run.app', body.uri],
      ingress: 'INGRESS_TRAFFIC_ALL',
    });
    const { body: other } = await get(`${SERVICES}/shared?fields=uri`);
    expect(other.uri).toBe(body.uri.replace('tasks', 'shared'));
  });

  it('has settings, which are left out where they are as usual', async () => {
    const fields = 'customAudiences,defaultUriDisabled,invokerIamDisabled,iapEnabled,urls,ingress';
    const name = `${SERVICES}/set`;
    const settings = {
      customAudiences: ['https://tasks.example'],
      defaultUriDisabled: true,
      invokerIamDisabled: true,
      iapEnabled: true,
      ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' as const,
    };
    google.setCloudRunService({ name, ...settings });
    expect((await get(`${name}?fields=${fields}`)).body).toEqual(settings);
    google.setCloudRunService({
      name,
      customAudiences: [],
      defaultUriDisabled: false,
      invokerIamDisabled: false,
      iapEnabled: false,
      urls: ['https://set.example', 'https://other.example'],
    });
    expect((await get(`${name}?fields=${fields},uri`)).body).toEqual({
      ingress: 'INGRESS_TRAFFIC_ALL',
      uri: 'https://set.example',
      urls: ['https://set.example', 'https://other.example'],
    });
    google.deleteCloudRunService(name);
  });

  it('has no URL by its number where that makes the name too long, nor by a hash in an unknown region', async () => {
    const long = `${SERVICES}/${'a'.repeat(49)}z`;
    const far = `${SERVICES}/far`.replace('europe-west1', 'moon-west1');
    google.setCloudRunService({ name: `${long}y` });
    google.setCloudRunService({ name: far });
    expect((await get(`${long}y?fields=urls`)).body.urls).toEqual([
      expect.stringMatching(/-ew\.a\.run\.app$/),
    ]);
    expect((await get(`${far}?fields=uri,urls`)).body).toEqual({
      uri: 'https://far-123456789012.moon-west1.run.app',
      urls: ['https://far-123456789012.moon-west1.run.app'],
    });
    google.deleteCloudRunService(`${long}y`);
    google.deleteCloudRunService(far);
  });

  it('is found by the number of the project, and not in another one', async () => {
    expect((await get(`${SERVICES}/tasks`.replace('demo-project', '123456789012'))).status).toBe(
      200,
    );
    expect((await get(`${SERVICES}/tasks`.replace('demo-project', 'another'))).status).toBe(404);
  });

  it('of another project has that project in its URLs, and is found by its number too', async () => {
    const name = `${SERVICES}/tasks`.replace('demo-project', 'another');
    google.setCloudRunService({ name });
    const { urls } = (await get(`${name}?fields=urls`)).body;
    const number = /^https:\/\/tasks-(\d{12})\./.exec(urls[0])?.[1] ?? '';
    expect(number).not.toBe('123456789012');
    const found = await get(`${name.replace('another', number)}?fields=name,urls`);
    expect(found.body).toEqual({ name, urls });
    google.deleteCloudRunService(name);
  });

  it('that does not exist is 404 to who may read all', async () => {
    expect(await get(`${SERVICES}/gone`)).toMatchObject({
      status: 404,
      body: { error: { status: 'NOT_FOUND' } },
    });
  });

  it('is told by name only to who may read it, and whether it exists to nobody else', async () => {
    const token = await otherToken();
    expect((await get(`${SERVICES}/shared`, token)).status).toBe(200);
    for (const service of ['tasks', 'gone']) {
      expect(await get(`${SERVICES}/${service}`, token)).toMatchObject({
        status: 403,
        body: { error: { details: [{ metadata: { permission: 'run.services.get' } }] } },
      });
    }
  });

  it('needs a token, and one with the scope', async () => {
    expect((await fetch(`${google.url}/v2/${SERVICES}/tasks`)).status).toBe(401);
    expect((await get(`${SERVICES}/tasks`, 'ya29.made-up')).status).toBe(401);
    const scopes = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly';
    const token = await accessToken(`?scopes=${scopes}`);
    expect((await get(`${SERVICES}/tasks`, token)).status).toBe(403);
  });

  it('cannot be written, deleted or listed here', async () => {
    expect((await get(`${SERVICES}/tasks`, undefined, 'DELETE')).status).toBe(404);
    expect((await get(SERVICES)).status).toBe(404);
    expect((await get(`${SERVICES}/tasks:setIamPolicy`)).status).toBe(404);
  });

  it('may change, and come and go', async () => {
    const name = `${SERVICES}/new`;
    google.setCloudRunService({ name, labels: { env: 'production' } });
    expect((await get(name)).body).toMatchObject({ labels: { env: 'production' } });
    google.deleteCloudRunService(name);
    expect((await get(name)).status).toBe(404);
    expect(() => google.setCloudRunService({ name: 'tasks' })).toThrow('not a Cloud Run service');
    const ingress = 'all' as 'INGRESS_TRAFFIC_ALL';
    expect(() => google.setCloudRunService({ name, ingress })).toThrow('ingress');
  });
});
