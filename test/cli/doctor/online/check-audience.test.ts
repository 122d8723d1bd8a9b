import { describe, expect, it } from 'vitest';
import { withGoogle } from './google-fixture.ts';
import { FLAGS, HOST, SERVICE } from './support.ts';

const stage = withGoogle();
const URL_OF_SERVICE = `https://${HOST}`;

const audience = (cloud_run_token: object = {}, host = HOST) =>
  stage.look('audience', [{ host, cloud_run_token }], {
    services: new Map([['tasks', SERVICE]]),
  });

it('is well where the default audience is the URL of the service', async () => {
  stage.set({});
  expect(await audience()).toEqual([
    {
      check: 'audience',
      severity: 'ok',
      route: 'tasks',
      message: `tasks takes ID tokens for ${URL_OF_SERVICE}.`,
    },
  ]);
});

it('takes the URL with a hash as well', async () => {
  const hashed = 'https://tasks-abcdefghij-ew.a.run.app';
  stage.set({ urls: [URL_OF_SERVICE, hashed] });
  expect(await audience({}, 'tasks-abcdefghij-ew.a.run.app')).toMatchObject([{ severity: 'ok' }]);
});

it('takes a custom audience', async () => {
  stage.set({ customAudiences: ['tasks-for-all'] });
  expect(await audience({ audience: 'tasks-for-all' })).toMatchObject([{ severity: 'ok' }]);
});

it.each([
  [`${URL_OF_SERVICE}/`],
  [`${URL_OF_SERVICE}/api`],
  [`${URL_OF_SERVICE}:443`],
  [URL_OF_SERVICE.toUpperCase().replace('HTTPS', 'https')],
])('compares %s as text', async (configured) => {
  stage.set({});
  expect(await audience({ audience: configured })).toEqual([
    {
      check: 'audience',
      severity: 'error',
      route: 'tasks',
      message: `tasks takes ID tokens for ${URL_OF_SERVICE}, and not for ${configured}: they must be the same, character by character.`,
      fix: `audience: ${URL_OF_SERVICE}`,
    },
  ]);
});

it('names the URL where a route goes by another host', async () => {
  stage.set({ urls: [URL_OF_SERVICE] });
  expect(await audience({}, 'api.example.com')).toMatchObject([
    {
      severity: 'error',
      message: `tasks takes no ID tokens for https://api.example.com, but for ${URL_OF_SERVICE}.`,
      fix: `audience: ${URL_OF_SERVICE}`,
    },
  ]);
});

it('adds a custom audience that is configured', async () => {
  stage.set({});
  expect(await audience({ audience: 'urn:example:tasks' })).toMatchObject([
    {
      severity: 'error',
      fix: `gcloud run services update tasks --add-custom-audiences=urn:example:tasks ${FLAGS}`,
    },
  ]);
});

it('does not take one name for another that is no URL either', async () => {
  stage.set({ customAudiences: ['urn:example:others'] });
  const [finding] = await audience({ audience: 'urn:example:tasks' });
  expect(finding?.message).toContain('takes no ID tokens for urn:example:tasks');
});

it('quotes an audience for the shell', async () => {
  stage.set({});
  const [finding] = await audience({ audience: "it's; rm -rf /" });
  expect(finding?.fix).toContain(`--add-custom-audiences='it'\\''s; rm -rf /'`);
});

describe('with Identity-Aware Proxy', () => {
  const client = '123-abc.apps.googleusercontent.com';

  it('needs a header that it looks at, and the audience of its client', async () => {
    stage.set({ iapEnabled: true });
    expect(await audience()).toMatchObject([
      { severity: 'error', fix: 'header: Proxy-Authorization' },
      { severity: 'warning', fix: 'audience: CLIENT_ID.apps.googleusercontent.com' },
    ]);
  });

  it('says that its own policy was not looked at', async () => {
    stage.set({ iapEnabled: true });
    const findings = await audience({ header: 'Proxy-Authorization', audience: client });
    expect(findings).toMatchObject([
      { severity: 'info', message: expect.stringContaining('roles/iap.httpsResourceAccessor') },
    ]);
    // By then it is IAP that invokes the service.
    expect(await stage.look('invoker', [{ cloud_run_token: {} }])).toEqual([]);
  });

  it('may stand before a load balancer, which was not looked at', async () => {
    stage.set({});
    const config = { header: 'Proxy-Authorization', audience: client };
    expect(await audience(config, 'api.example.com')).toMatchObject([{ severity: 'info' }]);
  });
});

it('says that Cloud Run does not look at the header of Identity-Aware Proxy', async () => {
  stage.set({});
  expect(await audience({ header: 'Proxy-Authorization' })).toMatchObject([
    { severity: 'error', fix: 'header: X-Serverless-Authorization' },
    { severity: 'ok' },
  ]);
});

it('says nothing of an audience that is filled in elsewhere', async () => {
  stage.set({});
  expect(await audience({ audience: `\${{ env "DECK_AUDIENCE" }}` })).toEqual([]);
});
