import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloudRun, startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { type Gateway, startGateway } from '../../dev/gateway/start-gateway.ts';
import { type Google, startGoogle } from '../../dev/google/start-google.ts';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../../dev/identity-provider/start-identity-provider.ts';
import { accepts } from '../../dev/stack/accepts.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import { findPorts } from '../../dev/stack/ports.ts';
import { startKong } from '../../dev/stack/start-kong.ts';
import { PLUGINS, REPOSITORY, STAGING_AUDIENCE } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { ENVIRONMENTS, pluginServerEntries } from '../repository/kong-environment.ts';
import { describeOnHosts } from './gateways.ts';

const EXAMPLE = path.join(REPOSITORY, 'examples/sidecar');

/** The container's paths, in a folder of this test's. */
const folder = mkdtempSync(path.join(tmpdir(), 'sidecar-'));
const image = path.join(folder, 'image');
const shared = path.join(folder, 'shared');
const relocate = (text: string) =>
  text
    .replaceAll('/opt/kong-cloud-run-auth', image)
    .replaceAll('/run/cloud-run-auth', shared)
    .replaceAll('/etc/cloud-run-auth', EXAMPLE);
const socket = path.join(shared, 'kong.sock');

beforeAll(() => {
  mkdirSync(shared);
  cpSync(path.join(REPOSITORY, 'dist'), path.join(image, 'dist'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeOnHosts('examples/sidecar', suite, ['ours']);

function suite({ kongBin }: { kongBin: string | undefined }): void {
  let identityProvider: IdentityProvider;
  let google: Google;
  let service: CloudRun;
  let gateway: Gateway;
  let server: ChildProcess;

  async function startServer(): Promise<void> {
    const text = relocate(readFileSync(path.join(REPOSITORY, 'docker/serve-sidecar'), 'utf8'));
    const options = ['--workers', '1', '--metrics', '127.0.0.1:0'];
    server = spawn('sh', ['-c', text, 'serve-sidecar', ...options], {
      env: { ...process.env, GCE_METADATA_HOST: google.metadataHost },
      stdio: 'ignore',
    });
    await eventually(
      'the plugin server to listen',
      async () => (await accepts({ path: socket })) || undefined,
    );
  }

  beforeAll(async () => {
    const ports = await findPorts(false);
    identityProvider = await startIdentityProvider({ port: ports.identityProvider });
    google = await startGoogle({ port: ports.google });
    service = await startCloudRun({
      service: 'tasks',
      port: ports.tasksStaging,
      audiences: [STAGING_AUDIENCE],
      certsUrl: google.certsUrl,
      invokers: [google.defaultServiceAccount],
    });
    await startServer();
    const options = {
      config: configFor(identityProvider.issuer, service.url),
      port: ports.gateway,
      pluginServers: entries(),
      log: () => {},
    };
    gateway = await (kongBin ? startKong(kongBin, options) : startGateway(options));
  });

  afterAll(async () => {
    await gateway?.stop();
    if (server?.exitCode === null && server.signalCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    await service?.stop();
    await google?.stop();
    await identityProvider?.stop();
  });

  it('lets the team in and nobody else, but for the status', async () => {
    const ask = async (method: 'GET' | 'POST', url: string, user?: 'alice' | 'erin') => {
      const token = user && (await getToken(identityProvider.issuer, { user }));
      const headers: Record<string, string> =
        token === undefined ? {} : { authorization: `Bearer ${token}` };
      const { status, code } = await send(gateway.url, { method, path: url, headers });
      return { status, code };
    };
    expect(await ask('GET', '/tasks/7')).toEqual({ status: 401, code: 'missing_token' });
    expect(await ask('GET', '/status')).toEqual({ status: 200, code: null });
    expect(await ask('POST', '/tasks', 'alice')).toEqual({ status: 200, code: null });
    expect(await ask('GET', '/tasks/7', 'erin')).toEqual({ status: 403, code: 'policy_denied' });
  });

  it('opens the socket to its group, and to nobody else', () => {
    expect(statSync(socket).mode & 0o777).toBe(0o660);
  });

  it.each(PLUGINS)('shares what Kong asks about %s, as it was built', (name) => {
    const file = path.join('plugin-info', `${name}.json`);
    expect(readFileSync(path.join(shared, file))).toEqual(
      readFileSync(path.join(image, 'dist', file)),
    );
    expect(statSync(path.join(shared, file)).mode & 0o777).toBe(0o644);
  });

  it('answers 500 while the plugin server is gone, and goes on when it is back', async () => {
    const ask = async () => (await send(gateway.url, { path: '/tasks/7' })).status;
    expect(await ask()).toBe(401);
    server.kill('SIGKILL');
    await once(server, 'exit');
    // Its worker ends a moment later.
    await eventually('Kong to answer 500', async () => (await ask()) === 500 || undefined);
    await startServer();
    expect(await ask()).toBe(401);
  });
}

/** The example's own, at the stand-ins' addresses. */
function configFor(issuer: string, url: string): string {
  const text = relocate(readFileSync(path.join(EXAMPLE, 'kong.yml'), 'utf8'));
  return text
    .replace('https://accounts.google.com', issuer)
    .replace('32555940559.apps.googleusercontent.com', 'https://tasks.example.com')
    .replace(/^( *)- name: cloud-run-token$/gm, `$&\n$1  config: { audience: ${STAGING_AUDIENCE} }`)
    .replace('https://tasks-123456789012.europe-west3.run.app', url);
}

function entries() {
  const environment = new Map(ENVIRONMENTS).get('the sidecar example') ?? {};
  return pluginServerEntries(environment).map(({ name, socket = '', queryCmd = '' }) => ({
    name,
    socket: relocate(socket),
    queryCmd: relocate(queryCmd),
  }));
}
