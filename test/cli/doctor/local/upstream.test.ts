import { describe, expect, it } from 'vitest';
import { checkAudienceForm } from '../../../../src/cli/doctor/local/check-audience-form.ts';
import { checkTokenExposure } from '../../../../src/cli/doctor/local/check-token-exposure.ts';
import { checkUpstreamAddress } from '../../../../src/cli/doctor/local/check-upstream-address.ts';
import { checkUpstreamHost } from '../../../../src/cli/doctor/local/check-upstream-host.ts';
import { checkUpstreamTls } from '../../../../src/cli/doctor/local/check-upstream-tls.ts';
import { AUTHORIZER, CHAIN, EVALUATOR, findings, HOST, settingsOf, told } from '../support.ts';

const withAudience = (audience: string, more = '') => ({
  plugins: [
    AUTHORIZER,
    EVALUATOR,
    `{ name: cloud-run-token, config: { audience: "${audience}"${more} } }`,
  ],
});

describe('the check upstream-address', () => {
  it.each([
    ['http', { url: `http://${HOST}` }, `error: Service tasks goes to ${HOST} by http`],
    ['another port', { url: `https://${HOST}:8443` }, `error: Service tasks goes to port 8443`],
    [
      'the port that Kong takes without a url',
      { service: `{ host: ${HOST}, protocol: https }` },
      '',
    ],
  ])('reports %s', async (name, text, start) => {
    const route = 'service' in text ? { service: `host: ${HOST}\n    protocol: https` } : text;
    const [found] = await findings(checkUpstreamAddress, route);
    expect(`${found?.severity}: ${found?.message}`).toContain(
      start === '' ? 'goes to port 80' : start,
    );
    expect(found?.fix, name).toBe(`url: https://${HOST}   # of service tasks`);
  });

  it('is content with https on 443', async () => {
    expect((await findings(checkUpstreamAddress, {}))[0]?.severity).toBe('ok');
  });

  it('says nothing of a port that is not known here', async () => {
    const service = `host: ${HOST}\n    protocol: https\n    port: \${{ env "DECK_PORT" }}`;
    expect(await told(checkUpstreamAddress, { service })).toEqual([]);
  });
});

describe('the check token-exposure', () => {
  const custom = { url: 'https://api.example.com', route: 'preserve_host: true' };

  it('reports a service without TLS, unless that is allowed', async () => {
    const url = 'http://lb.internal';
    const [found] = await findings(checkTokenExposure, { url });
    expect(found).toMatchObject({ severity: 'error', message: expect.stringContaining('by http') });
    expect(found?.fix).toContain('url: https://lb.internal');
    const allowed = { url, ...withAudience('https://a.example', ', allow_http: true') };
    expect((await findings(checkTokenExposure, allowed))[0]?.severity).toBe('ok');
  });

  it('reports preserve_host for any Host, unless the route names them', async () => {
    const [found] = await findings(checkTokenExposure, custom);
    expect(found).toMatchObject({
      severity: 'error',
      message: expect.stringMatching(/^preserve_host passes on any Host/),
    });
    const named = { ...custom, route: 'preserve_host: true\n        hosts: [api.example.com]' };
    expect((await findings(checkTokenExposure, named))[0]?.severity).toBe('ok');
  });

  it('is content with https, this machine, and run.app whatever is preserved', async () => {
    for (const text of [{}, { url: 'http://127.0.0.1:80' }, { route: 'preserve_host: true' }]) {
      expect((await findings(checkTokenExposure, text))[0]?.severity).toBe('ok');
    }
  });
});

describe('the check upstream-host', () => {
  it('is content without preserve_host', async () => {
    expect((await findings(checkUpstreamHost, {}))[0]?.severity).toBe('ok');
  });

  it('says that cloud-run-token sets Host in spite of preserve_host', async () => {
    expect(await told(checkUpstreamHost, { route: 'preserve_host: true' })).toEqual([
      expect.stringMatching(/^info: preserve_host is on/),
    ]);
  });

  it('reports preserve_host where nothing sets Host', async () => {
    const plugins = [AUTHORIZER, EVALUATOR];
    expect(await told(checkUpstreamHost, { route: 'preserve_host: true', plugins })).toEqual([
      expect.stringMatching(/^error: preserve_host passes/),
    ]);
    const top = `upstreams: [{ name: pool, targets: [{ target: "${HOST}:443" }] }]`;
    const behind = { service: 'host: pool', route: 'preserve_host: true', top };
    expect(await told(checkUpstreamHost, behind)).toEqual([
      expect.stringMatching(/^error: preserve_host passes/),
    ]);
  });

  it.each([
    ['tasks.example.com', [expect.stringMatching(/^warning: host_header "tasks\.example\.com"/)]],
    [`'\${{ env "DECK_HOST" }}'`, []],
    [HOST, []],
  ])('of an upstream with host_header %s says so where it is wrong', async (header, expected) => {
    const top = `upstreams: [{ name: pool, host_header: ${header}, targets: [{ target: "${HOST}:443" }] }]`;
    expect(await told(checkUpstreamHost, { service: 'host: pool', top })).toEqual(expected);
  });

  it("says that another plugin's Host does not make the audience", async () => {
    const transformer =
      '{ name: request-transformer, config: { replace: { headers: ["Host:a.example.com"] } } }';
    const [found] = await findings(checkUpstreamHost, { plugins: [...CHAIN, transformer] });
    expect(found).toMatchObject({
      severity: 'warning',
      fix: expect.stringContaining(`audience: https://${HOST}`),
    });
  });
});

describe('the check audience-form', () => {
  it.each([
    ['the default of a host of Cloud Run', {}],
    ['its URL', withAudience(`https://${HOST}`)],
    ['its other URL', withAudience('https://tasks-abcdefghij-ey.a.run.app')],
    ['one that is not known here', withAudience(`\${{ env 'DECK_AUDIENCE' }}`)],
    [
      'one of Cloud Run for a service on this machine',
      { ...withAudience(`https://${HOST}`), url: 'http://127.0.0.1:4002' },
    ],
  ])('is content with %s', async (_, text) => {
    expect(await told(checkAudienceForm, text)).toEqual([]);
  });

  it.each(['/', '/path', ':443', '/?a=b'])('reports %s behind the URL', async (rest) => {
    const [found] = await findings(checkAudienceForm, withAudience(`https://${HOST}${rest}`));
    expect(found).toMatchObject({ severity: 'error', fix: `audience: https://${HOST}` });
  });

  it('reports http and capitals', async () => {
    for (const audience of [`http://${HOST}`, `https://${HOST.replace('tasks', 'Tasks')}`]) {
      const [found] = await findings(checkAudienceForm, withAudience(audience));
      expect(found).toMatchObject({ severity: 'error', fix: `audience: https://${HOST}` });
    }
  });

  it('reports a traffic tag in the audience', async () => {
    const [found] = await findings(checkAudienceForm, withAudience(`https://canary---${HOST}`));
    expect(found).toMatchObject({ severity: 'error', fix: `audience: https://${HOST}` });
    expect(found?.message).toContain('traffic tag "canary"');
  });

  it('is content with a tag in the host', async () => {
    const url = `https://canary---${HOST}`;
    for (const text of [{ url }, { ...withAudience(`https://${HOST}`), url }]) {
      expect(await told(checkAudienceForm, text)).toEqual([]);
    }
  });

  it('warns of the audience of another service', async () => {
    const found = await told(
      checkAudienceForm,
      withAudience('https://other-123456789012.europe-west3.run.app'),
    );
    expect(found).toEqual([expect.stringMatching(/^warning: .*another service/)]);
  });

  it('says which command makes a custom audience', async () => {
    const [custom] = await findings(checkAudienceForm, withAudience('https://tasks.example.com/'));
    expect(custom).toMatchObject({
      severity: 'info',
      fix: 'gcloud run services update tasks --region=europe-west3 --add-custom-audiences=https://tasks.example.com/',
    });
    const [byDefault] = await findings(checkAudienceForm, { url: 'https://tasks.example.com' });
    expect(byDefault?.fix).toBe(
      'gcloud run services update SERVICE --region=REGION --add-custom-audiences=https://tasks.example.com',
    );
  });

  it('keeps what a file says one word of the command', async () => {
    const [found] = await findings(checkAudienceForm, withAudience("a'; rm -rf ~"));
    expect(found?.fix).toMatch(/--add-custom-audiences='a'\\''; rm -rf ~'$/);
  });

  it('reports the default made of the name of an upstream, and warns of an address', async () => {
    const top = `upstreams: [{ name: pool, targets: [{ target: "${HOST}:443" }] }]`;
    const [pool] = await findings(checkAudienceForm, { service: 'host: pool', top });
    expect(pool).toMatchObject({ severity: 'error', fix: `audience: https://${HOST}` });
    const [address] = await findings(checkAudienceForm, { url: 'http://127.0.0.1:4002' });
    expect(address).toMatchObject({ severity: 'warning' });
  });

  it('asks for the client ID where Identity-Aware Proxy is meant', async () => {
    const token = '{ name: cloud-run-token, config: { header: Proxy-Authorization } }';
    const [found] = await findings(checkAudienceForm, { plugins: [AUTHORIZER, EVALUATOR, token] });
    expect(found).toMatchObject({
      severity: 'warning',
      fix: 'audience: CLIENT_ID.apps.googleusercontent.com',
    });
  });
});

describe('the check upstream-tls', () => {
  const VERIFY = {
    nginx_proxy_proxy_ssl_verify: 'on',
    nginx_proxy_proxy_ssl_verify_depth: '3',
    nginx_proxy_proxy_ssl_trusted_certificate: '/etc/ssl/certs/ca-certificates.crt',
  };
  const toldWith = (settings: Record<string, string>) =>
    told(checkUpstreamTls, {}, { kong_settings: settingsOf(settings) });

  it.each([
    ['is content where Kong verifies', VERIFY, []],
    ['warns where it does not', {}, [expect.stringMatching(/^warning: Kong does not verify/)]],
    [
      'reports a depth that is too small',
      { ...VERIFY, nginx_proxy_proxy_ssl_verify_depth: '1' },
      [expect.stringMatching(/^error: .*depth of 1/)],
    ],
    [
      'reports missing authorities',
      { nginx_proxy_proxy_ssl_verify: 'on', nginx_proxy_proxy_ssl_verify_depth: '3' },
      [expect.stringMatching(/^error: .*authorities/)],
    ],
  ])('%s', async (_, settings, expected) => {
    expect(await toldWith(settings as Record<string, string>)).toEqual(expected);
  });

  it('says that it does not know where nothing tells', async () => {
    expect(await told(checkUpstreamTls, {})).toEqual([expect.stringMatching(/^info: /)]);
  });

  it('is content where the service says so, and warns where it says the opposite', async () => {
    const service = (verify: boolean) => ({
      service: `url: https://${HOST}\n    tls_verify: ${verify}`,
    });
    expect(await told(checkUpstreamTls, service(true))).toEqual([]);
    expect(await told(checkUpstreamTls, service(false))).toEqual([
      expect.stringMatching(/^warning: Service tasks/),
    ]);
  });
});
