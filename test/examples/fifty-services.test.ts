import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudRun, startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { startGoogle } from '../../dev/google/start-google.ts';
import { cloudRunFields } from '../../src/cloud-run/config.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { type RunningExample, runExample } from './run-example.ts';
import { EXAMPLES, pluginConfig, readExample, readRoutes } from './support.ts';

const FOLDER = 'fifty-services';
const GATEWAY = 'gateway@example-project.iam.gserviceaccount.com';

const generate = (...args: string[]) =>
  execFileSync(process.execPath, [path.join(EXAMPLES, FOLDER, 'generate.mjs'), ...args], {
    encoding: 'utf8',
  });

const email = (account: string) => `${account}@example-project.iam.gserviceaccount.com`;
const hostOf = (name: string) => `${name}-123456789012.europe-west3.run.app`;

/** A route, whose service has the same name, and the accounts by which it reaches that. */
const routes = readRoutes(`${FOLDER}/kong.yml`).map((route) => {
  const config = parseConfig(cloudRunFields, pluginConfig(route, 'cloud-run-token'));
  const { team } = pluginConfig(route, 'policy-evaluator').labels as Record<string, string>;
  return {
    name: route.name,
    team,
    account: config.service_account ?? '',
    others: config.allowed_service_accounts,
  };
});

const accounts = generate('accounts')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ') as [service: string, account: string]);

describe('fifty-services/generate.mjs', () => {
  it('has made the kong.yml beside it', () => {
    expect(generate()).toBe(readExample(`${FOLDER}/kong.yml`));
  });

  it('has fifty services, each with an account of its own', () => {
    expect(routes).toHaveLength(50);
    expect(new Set(routes.map(({ account }) => account)).size).toBe(50);
  });

  it('lists exactly the accounts that kong.yml names, with the service that each is for', () => {
    const named = routes.flatMap(({ name, account, others }) =>
      [account, ...others].map((each) => `${name} ${each}`),
    );
    expect(accounts.map(([service, account]) => `${service} ${email(account)}`)).toEqual(named);
  });

  it('names accounts as Google allows it', () => {
    const wrong = accounts.filter(([, account]) => !/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(account));
    expect(wrong).toEqual([]);
  });
});

it('allows on the routes what the policy names in run_as, and nothing else', () => {
  const policy = readExample(`${FOLDER}/policy.yaml`);
  const named = [...policy.matchAll(/^ +run_as: (\S+)$/gm)].map(([, account]) => account);
  expect(routes.flatMap(({ others }) => others).sort()).toEqual(named.sort());
});

describe('examples/fifty-services', () => {
  let running: RunningExample;
  beforeAll(async () => {
    running = await runExample(FOLDER, async () => {
      const google = await startGoogle({
        projectId: 'example-project',
        serviceAccounts: [
          { email: GATEWAY },
          ...accounts.map(([, account]) => ({ email: email(account), tokenCreators: [GATEWAY] })),
        ],
      });
      const services: Record<string, CloudRun> = {};
      for (const { name } of routes) {
        services[hostOf(name)] = await startCloudRun({
          service: name,
          audiences: [`https://${hostOf(name)}`],
          hosts: [hostOf(name)],
          certsUrl: google.certsUrl,
          // The gateway's own account is among them nowhere.
          invokers: accounts
            .filter(([service]) => service === name)
            .map(([, account]) => `serviceAccount:${email(account)}`),
        });
      }
      return { google, services };
    });
  });
  afterAll(() => running?.stop());

  const ask = (method: string, name: string, groups: string[]) =>
    running.ask({ method, path: `/${name}/7` }, { sub: 'somebody', groups });

  it('reaches every service by its account', async () => {
    for (const { name, team = '', account } of routes) {
      const { status, body } = await ask('GET', name, [team]);
      expect({ name, status }).toEqual({ name, status: 200 });
      const { service, invoker } = JSON.parse(body);
      expect({ service, invoker }).toEqual({
        service: name,
        invoker: { email: account, aud: `https://${hostOf(name)}` },
      });
    }
  });

  it('lets nobody of another team in', async () => {
    expect((await ask('GET', 'orders', ['payments', 'operators'])).code).toBe('policy_denied');
  });

  it.each(routes.filter(({ others }) => others.length > 0))(
    'runs again by another account: $name',
    async ({ name, team = '', others }) => {
      const { status, body } = await ask('POST', name, [team, 'operators']);
      expect(status).toBe(200);
      expect(JSON.parse(body).invoker.email).toBe(others[0]);
      expect((await ask('POST', name, [team])).code).toBe('policy_denied');
    },
  );
});
