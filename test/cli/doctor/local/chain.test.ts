import { describe, expect, it } from 'vitest';
import { checkChain } from '../../../../src/cli/doctor/local/check-chain.ts';
import { checkOrdering } from '../../../../src/cli/doctor/local/check-ordering.ts';
import { AUTHORIZER, CHAIN, EVALUATOR, findings, HOST, TOKEN, told } from '../support.ts';

const IDENTITY_ALONE = '{ name: cloud-run-token, config: { require: identity } }';

describe('the check chain', () => {
  it('is content with all three', async () => {
    expect(await findings(checkChain, {})).toEqual([
      { check: 'chain', severity: 'ok', message: 'The chain is complete on every route.' },
    ]);
  });

  it('is content without a policy where the identity is enough', async () => {
    expect(await told(checkChain, { plugins: [AUTHORIZER, IDENTITY_ALONE] })).toEqual([]);
  });

  it.each([
    ['a token without a decision', [AUTHORIZER, TOKEN], 'cloud-run-token needs the decision'],
    ['a policy without an identity', [EVALUATOR, TOKEN], 'policy-evaluator needs the identity'],
    ['a token without an identity', [IDENTITY_ALONE], 'cloud-run-token needs the identity'],
    ['no token for Cloud Run', [AUTHORIZER, EVALUATOR], `${HOST} gets no ID token`],
  ])('reports %s, and what to write', async (_, plugins, message) => {
    const [found, ...others] = await findings(checkChain, { plugins });
    expect(found).toMatchObject({
      severity: 'error',
      route: 'tasks',
      fix: expect.stringContaining('- '),
    });
    expect(found?.message).toContain(message);
    expect(others).toEqual([]);
  });

  it('reports a way past the plugins to a host that other routes guard', async () => {
    const top = `routes: [{ name: beside, service: tasks, paths: [/beside] }]`;
    expect(await told(checkChain, { top })).toEqual([
      `error: ${HOST} is reached without any of the plugins here, and only with them on other routes: if the service lets anybody in, this route goes past the policy.`,
    ]);
  });

  it('warns of a host of Cloud Run that no route guards', async () => {
    expect(await told(checkChain, { plugins: ['{ name: cors }'] })).toEqual([
      `warning: ${HOST} is reached without any of the plugins.`,
    ]);
  });

  it('finds the host behind an upstream', async () => {
    const top = `upstreams: [{ name: pool, targets: [{ target: "${HOST}:443" }] }]`;
    const found = await told(checkChain, {
      service: 'host: pool',
      plugins: [AUTHORIZER, EVALUATOR],
      top,
    });
    expect(found[0]).toContain(`${HOST} gets no ID token`);
  });

  it('says nothing of other services', async () => {
    const found = await findings(checkChain, {
      url: 'http://10.0.0.1',
      plugins: ['{ name: cors }'],
    });
    expect(found).toEqual([]);
  });

  it('says where a policy only watches, and where anonymous requests end', async () => {
    const anonymous = AUTHORIZER.replace('issuers', 'allow_anonymous: true, issuers');
    const watching = EVALUATOR.replace('config: {', 'config: { mode: shadow,');
    const found = await told(checkChain, { plugins: [anonymous, watching, TOKEN] });
    expect(found.map((text) => text.split(':')[0])).toEqual(['info', 'warning']);
  });
});

describe('the check ordering', () => {
  const ordered = (plugin: string, ordering: string) =>
    plugin.replace(/ }$/, `, ordering: ${ordering} }`);

  it('is content with the priorities', async () => {
    expect((await findings(checkOrdering, {}))[0]?.severity).toBe('ok');
  });

  it.each([
    [[ordered(TOKEN, '{ before: { access: [policy-evaluator] } }'), AUTHORIZER, EVALUATOR]],
    [[TOKEN, ordered(AUTHORIZER, '{ after: { access: [policy-evaluator] } }'), EVALUATOR]],
    [
      [
        ...CHAIN.slice(0, 2),
        ordered(TOKEN, '{ before: { access: [cors] } }'),
        '{ name: cors, ordering: { before: { access: [oidc-authorizer] } } }',
      ],
    ],
  ])('reports a chain that is turned around', async (plugins) => {
    const [found] = await findings(checkOrdering, { plugins });
    expect(found).toMatchObject({ severity: 'error', route: 'tasks' });
    expect(found?.fix).toMatch(/^take `ordering` out of services\[0\]\.routes\[0\]\.plugins\[\d\]/);
  });

  it('warns of an order that names the chain at all', async () => {
    const plugins = [
      ...CHAIN,
      '{ name: rate-limiting, ordering: { before: { access: [oidc-authorizer] } } }',
    ];
    expect(await told(checkOrdering, { plugins })).toEqual([expect.stringMatching(/^warning: /)]);
  });

  it('says nothing of an order among others', async () => {
    const plugins = [...CHAIN, '{ name: acl, ordering: { before: { access: [cors] } } }'];
    expect(await told(checkOrdering, { plugins })).toEqual([]);
  });
});
