import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { kongEnvironment } from '../../dev/stack/kong-environment.ts';
import { renderConfig } from '../../dev/stack/ports.ts';
import { PLUGINS, REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { describeOnHosts } from './gateways.ts';

interface Found {
  check: string;
  severity: string;
  route?: string;
  message: string;
  fix?: string;
}

type Config = { services: { routes: { name: string; paths: string[]; plugins: unknown[] }[] }[] };

/** The repository's kong.yml with a route whose audience is wrong, and one whose plugins the gateway does not know of. */
function kongYml(openPlugins: 'run' | 'do not run'): string {
  const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8')) as Config;
  const [staging] = config.services;
  const [tasks] = staging?.routes ?? [];
  if (staging === undefined || tasks === undefined) throw new Error('kong.yml has no route');
  const [authorizer, evaluator] = tasks.plugins;
  const token = {
    name: 'cloud-run-token',
    config: { audience: 'https://other-123456789012.europe-west3.run.app' },
  };
  const wrong = {
    ...tasks,
    name: 'wrong-audience',
    paths: ['/wrong'],
    plugins: [authorizer, evaluator, token],
  };
  const open = {
    ...tasks,
    name: 'open',
    paths: ['/open'],
    plugins: openPlugins === 'run' ? tasks.plugins : [],
  };
  staging.routes.push(wrong, open);
  return stringify(config, { aliasDuplicateObjects: false });
}

describeOnHosts(
  'doctor',
  ({ kongBin, pluginServer }) => {
    let stack: Stack;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'doctor-'));
      stack = await startStack({ kongBin, pluginServer, config: kongYml('do not run') });
      writeFileSync(path.join(folder, 'kong.yml'), renderConfig(kongYml('run'), stack.ports));
      const policy = readFileSync(`${REPOSITORY}/policy.yaml`, 'utf8');
      writeFileSync(path.join(folder, 'policy.yaml'), policy);
      const token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
      writeFileSync(path.join(folder, 'token'), `${token}\n`);
    });
    afterAll(async () => {
      await stack?.stop();
      rmSync(folder, { recursive: true });
    });

    function doctor(...args: string[]): Promise<{ code: number; out: string }> {
      const { env } = kongEnvironment(folder, {
        config: '',
        port: stack.ports.gateway,
        pluginServers: PLUGINS.map((name) => ({
          name,
          socket: stack.pluginServer.socket,
          queryCmd: `cat ${path.join(REPOSITORY, 'dist/plugin-info', `${name}.json`)}`,
        })),
      });
      const program = path.join(REPOSITORY, 'dist/cloud-run-auth.cjs');
      const all = ['doctor', 'kong.yml', '--gateway', stack.gateway.url, ...args];
      const google = {
        GCE_METADATA_HOST: stack.google.metadataHost,
        CLOUD_RUN_API_ENDPOINT: stack.google.url,
      };
      return new Promise((resolve) => {
        const options = { cwd: folder, env: { ...process.env, ...env, ...google } };
        execFile(program, all, options, (error, out) =>
          resolve({ code: error === null ? 0 : Number(error.code), out }),
        );
      });
    }

    async function findings(...args: string[]): Promise<Found[]> {
      const { out } = await doctor('--offline', '--json', ...args);
      expect(out).not.toContain(readFileSync(path.join(folder, 'token'), 'utf8').trim());
      return JSON.parse(out).findings;
    }

    it('finds the chain at work on the routes where it is', async () => {
      const found = await findings('--token-file', 'token');
      const ok = found.filter(({ check, severity }) => check === 'gateway' && severity === 'ok');
      expect(ok.map(({ route, message }) => `${route}: ${message}`)).toEqual(
        expect.arrayContaining([
          'tasks-staging: The gateway refuses requests with no token, one that is none and an X-Serverless-Authorization of their own.',
          'tasks-staging: A request with the token reaches the service, which answers 200.',
          'handbook: The gateway refuses requests with a token that is none.',
          'tasks-production: The gateway refuses requests with no token, one that is none and an X-Serverless-Authorization of their own.',
        ]),
      );
    });

    it('finds the plugin server of its own version behind the socket', async () => {
      const found = await findings();
      expect(found.filter(({ check }) => check.startsWith('plugin-server'))).toEqual([
        expect.objectContaining({ check: 'plugin-server', severity: 'ok' }),
        expect.objectContaining({ check: 'plugin-server-socket', severity: 'ok' }),
      ]);
    });

    it('finds the route that the gateway leaves open', async () => {
      const found = await findings();
      expect(found.filter(({ route }) => route === 'open')).toEqual([
        {
          check: 'gateway',
          severity: 'error',
          route: 'open',
          message:
            'A request without a token reaches Google, which answers 403: the chain does not run on this route.',
          fix: expect.stringContaining('kong reload'),
        },
      ]);
    });

    it('tells that Google does not take an audience, and how to make it', async () => {
      const found = await findings('--token-file', 'token');
      const errors = found.filter(
        ({ route, severity }) => route === 'wrong-audience' && severity === 'error',
      );
      expect(errors).toEqual([
        expect.objectContaining({
          check: 'gateway',
          message: expect.stringContaining("Google's front end answers 401"),
          fix: expect.stringContaining(
            '--add-custom-audiences=https://other-123456789012.europe-west3.run.app',
          ),
        }),
      ]);
    });

    it('ends with 1 and a summary for people where there are errors', async () => {
      const { code, out } = await doctor('--offline');
      expect(code).toBe(1);
      expect(out).toMatch(/^route open\n {2}error: gateway: /m);
      expect(out).toMatch(/\n5 routes: 1 error, \d+ warnings?, \d+ notes\n$/);
    });

    it('asks the issuer and Google whether the chain will hold', async () => {
      const service = 'projects/demo-project/locations/europe-west3/services/tasks-staging';
      const route = (name: string) => ['--service', `${name}=${service}`];
      const { out } = await doctor('--json', ...route('tasks-staging'), ...route('wrong-audience'));
      const found: Found[] = JSON.parse(out).findings;
      const of = (severity: string) =>
        found.filter((finding) => finding.severity === severity).map(({ check }) => check);
      expect(of('ok')).toEqual(
        expect.arrayContaining(['issuer', 'clock', 'credentials', 'invoker', 'audience']),
      );
      expect(found).toContainEqual(
        expect.objectContaining({
          check: 'audience',
          severity: 'error',
          route: 'wrong-audience',
          fix: 'audience: https://tasks-staging-123456789012.europe-west3.run.app',
        }),
      );
    });

    it('asks for one path alone with --path', async () => {
      const found = await findings('--path', '/staging/tasks/7');
      const asked = found.filter(({ check, route }) => check === 'gateway' && route !== undefined);
      expect(new Set(asked.map(({ route }) => route))).toEqual(new Set(['tasks-staging']));
    });

    it('tells a plugin server that has died', async () => {
      await stack.pluginServer.kill();
      const found = await findings();
      const errors = found.filter(
        ({ severity, route }) => severity === 'error' && route !== 'open',
      );
      expect(errors.map(({ check }) => check)).toEqual(
        expect.arrayContaining(['plugin-server-socket', 'gateway']),
      );
      expect(errors.find(({ route }) => route === 'tasks-staging')?.message).toContain(
        'the plugin server is not there',
      );
    });
  },
  ['ours'],
);
