import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';

const SERVICE = 'projects/demo-project/locations/europe-west3/services/tasks-staging';
const POLICY = {
  version: 1,
  rules: [
    {
      name: 'team-of-the-service',
      effect: 'allow',
      when: 'labels.team == "qa" && "qa@example.com" in identity.groups',
    },
  ],
};

describeOnHosts('what Google knows', ({ kongBin, pluginServer }) => {
  let stack: Stack;

  beforeAll(async () => {
    const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
    const plugin = config.services[0].routes[0].plugins.find(
      ({ name }: { name: string }) => name === 'policy-evaluator',
    );
    plugin.config = {
      policy: JSON.stringify(POLICY),
      context: { cloud_run_labels: { service: SERVICE }, google_groups: {} },
    };
    stack = await startStack({
      kongBin,
      pluginServer,
      config: stringify(config, { aliasDuplicateObjects: false }),
    });
    stack.google.setCloudRunService({ name: SERVICE, labels: { team: 'qa' } });
    stack.google.setGroup({ email: 'qa-leads@example.com', members: ['alice@example.com'] });
    stack.google.setGroup({ email: 'qa@example.com', members: ['qa-leads@example.com'] });
  });
  afterAll(() => stack?.stop());

  async function ask(user: string) {
    const token = await getToken(stack.identityProvider.issuer, { user });
    const headers = { Authorization: `Bearer ${token}` };
    return send(stack.gateway.url, { path: '/staging/tasks/7', headers });
  }

  it('decides: the labels of the service, and groups within groups', async () => {
    expect((await ask('alice')).status).toBe(200);
    expect((await ask('bob')).code).toBe('policy_denied');
  });

  it('is not guessed at where it cannot be asked', async () => {
    stack.google.fail({ endpoint: 'any', status: 503, times: 1000 });
    const { status, code, headers } = await ask('carol');
    expect({ status, code }).toEqual({ status: 503, code: 'context_unavailable' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    stack.google.recover();
  });
});
