import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { type Sent, send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';
import { type Arrival, type OpenUpstream, startOpenUpstream } from './open-upstream.ts';

const POLICY = {
  version: 1,
  roles: { guest: 'false' },
  rules: [
    {
      name: 'needs-strong-login',
      effect: 'deny',
      when: 'request.method == "DELETE"',
      step_up: { acr_values: ['phr'], max_age: 60 },
    },
    { name: 'watched', effect: 'deny', when: 'request.method == "GET"', shadow: true },
    { name: 'guests', effect: 'allow', when: 'has_role("guest") && request.method == "PUT"' },
    {
      name: 'reads',
      effect: 'allow',
      when: 'request.method == "GET"',
      headers: { 'X-Task-Access': 'read' },
    },
    {
      name: 'small-calls',
      effect: 'allow',
      when: 'request.method == "POST" && request.mcp.tool == "rerun" && request.body.id == "ü"',
    },
  ],
  grants: [
    {
      name: 'INC-1',
      group: 'engineering',
      role: 'guest',
      max_uses: 3,
      expires: '2099-01-01T00:00:00Z',
      approved_by: 'carol@example.com',
      reason: 'a test',
    },
  ],
};

/** The repository's kong.yml with this policy on its first route, and one beside it that only watches. */
function kongYml(upstream: string): string {
  const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
  const [staging, ...others] = config.services;
  const [tasks, ...routes] = staging.routes;
  const evaluated = (changes: object) =>
    tasks.plugins.map((plugin: { name: string; config?: object }) =>
      plugin.name === 'policy-evaluator'
        ? { ...plugin, config: { policy: JSON.stringify(POLICY), reveal_rule: true, ...changes } }
        : plugin,
    );
  const watching = { ...tasks, name: 'watched', paths: ['/watched'] };
  const changed = [
    { ...tasks, plugins: evaluated({}) },
    { ...watching, plugins: evaluated({ mode: 'shadow' }) },
    ...routes,
  ];
  return stringify(
    { ...config, services: [{ ...staging, url: upstream, routes: changed }, ...others] },
    { aliasDuplicateObjects: false },
  );
}

describeOnHosts('what a policy can do beside yes and no', ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let upstream: OpenUpstream;
  let authorization: string;

  beforeAll(async () => {
    upstream = await startOpenUpstream();
    stack = await startStack({ kongBin, pluginServer, config: kongYml(upstream.url) });
    const token = await getToken(stack.identityProvider.issuer, { user: 'bob' });
    authorization = `Bearer ${token}`;
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
  });

  const ask = (sent: Sent) =>
    send(stack.gateway.url, {
      ...sent,
      headers: { Authorization: authorization, ...sent.headers },
    });

  const call = (padding: number, id = 'ü') => ({
    method: 'POST',
    path: '/staging/mcp',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      method: 'tools/call',
      params: { name: 'rerun' },
      id,
      padding: 'x'.repeat(padding),
    }),
  });

  it('sets a header that no client can', async () => {
    const headers = { 'X-Task-Access': 'write', X_Task_Access: 'write', 'x-task_access': 'write' };
    const answer = await ask({ path: '/staging/tasks/7', headers });
    const { headers: arrived }: Arrival = JSON.parse(answer.body);
    const spellings = Object.entries(arrived).filter(([name]) => /^x.task.access$/.test(name));
    expect(spellings).toEqual([['x-task-access', 'read']]);
  });

  it('asks for a stronger login, and names the rule', async () => {
    const answer = await ask({ method: 'DELETE', path: '/staging/tasks/7' });
    expect([answer.status, answer.code]).toEqual([401, 'insufficient_user_authentication']);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="api", error="insufficient_user_authentication", error_description="a stronger or more recent authentication is required", acr_values="phr", max_age="60"',
    );
    expect(JSON.parse(answer.body)).toMatchObject({ rule: 'needs-strong-login' });
  });

  it('judges what a body says', async () => {
    expect((await ask(call(0))).status).toBe(200);
    expect((await ask(call(0, 'u'))).code).toBe('policy_denied');
    expect((await ask({ ...call(0), body: '[]' })).code).toBe('invalid_request');
    expect((await ask({ ...call(0), body: '{"a":1,"a":2}' })).code).toBe('invalid_request');
  });

  it('judges a body that Kong holds in a file, where the plugin server can read it', async () => {
    const { status } = await ask(call(30_000));
    // The stock plugin server has no way to such a body, and Kong refuses the request.
    expect(status).toBe(pluginServer === 'ours' ? 200 : 500);
    expect((await ask(call(100_000))).status).toBe(pluginServer === 'ours' ? 413 : 500);
  });

  it('counts the uses of a grant over all workers', async () => {
    const put = () => ask({ method: 'PUT', path: '/staging/tasks/7' });
    const answers = await Promise.all(Array.from({ length: 8 }, put));
    const allowed = answers.filter(({ status }) => status === 200);
    expect(allowed).toHaveLength(3);
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([null, 'policy_denied']));
  });

  it('only watches in shadow mode, and a token is minted', async () => {
    const answer = await ask({ method: 'DELETE', path: '/watched/tasks/7' });
    const { audience, headers }: Arrival = JSON.parse(answer.body);
    expect([answer.status, audience]).toEqual([200, expect.stringContaining('tasks-staging')]);
    expect(headers).not.toHaveProperty('x-task-access');
    expect((await send(stack.gateway.url, { path: '/watched/tasks/7' })).code).toBe(
      'missing_token',
    );
  });
});
