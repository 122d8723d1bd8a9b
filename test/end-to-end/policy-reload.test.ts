import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';

const policy = (effect: string) =>
  `version: 1\nrules: [{ name: everyone, effect: ${effect}, when: identity.authenticated }]\n`;

/** The promise is two seconds; a busy machine gets some more. */
const SOON_MS = 6_000;

describeOnHosts('a policy that changes while it is in use', ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let token: string;
  const directory = mkdtempSync(path.join(tmpdir(), 'policy-'));
  // As Kubernetes mounts a ConfigMap: the file is a link through `..data`, which is swapped.
  const file = path.join(directory, 'policy.yaml');
  let version = 0;

  async function publish(text: string): Promise<void> {
    version += 1;
    const name = `..${version}`;
    await mkdir(path.join(directory, name));
    writeFileSync(path.join(directory, name, 'policy.yaml'), text);
    symlinkSync(name, path.join(directory, '..tmp'));
    renameSync(path.join(directory, '..tmp'), path.join(directory, '..data'));
  }

  beforeAll(async () => {
    await publish(policy('allow'));
    symlinkSync(path.join('..data', 'policy.yaml'), file);
    const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
    for (const plugin of config.services[0].routes[0].plugins) {
      if (plugin.name === 'policy-evaluator') plugin.config.policy_file = file;
    }
    stack = await startStack({
      kongBin,
      pluginServer,
      config: stringify(config, { aliasDuplicateObjects: false }),
    });
    token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
  });
  afterAll(async () => {
    await stack?.stop();
    rmSync(directory, { recursive: true });
  });

  const ask = () =>
    send(stack.gateway.url, {
      path: '/staging/tasks/7',
      headers: { Authorization: `Bearer ${token}` },
    });
  /** Often enough to meet every worker. */
  const statuses = async () => {
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    return new Set(answers.map(({ status }) => status));
  };
  const becomes = (status: number) =>
    eventually(
      `${status} from every worker`,
      async () => {
        const seen = await statuses();
        return (seen.size === 1 && seen.has(status)) || undefined;
      },
      SOON_MS,
    );

  it('counts soon, is kept where the next one is broken, and gives way to a good one', async () => {
    expect(await statuses()).toEqual(new Set([200]));
    await publish(policy('deny'));
    await becomes(403);
    await publish('version: 1\nrules: [{ name: everyone, effect: allow, when: identty }]\n');
    await eventually(
      'the log to tell',
      () =>
        stack.pluginServer.lines().some((line) => line.includes('unknown variable')) || undefined,
    );
    expect(await statuses()).toEqual(new Set([403]));
    await publish(policy('allow'));
    await becomes(200);
  });
});
