import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPluginConfig } from '../../../../src/cli/doctor/local/check-plugin-config.ts';
import { checkPolicyFile } from '../../../../src/cli/doctor/local/check-policy-file.ts';
import {
  AUTHORIZER,
  CHAIN,
  EVALUATOR,
  FOLDER,
  findings,
  POLICY,
  TOKEN,
  told,
  write,
} from '../support.ts';

describe('the check plugin-config', () => {
  it('is content with what the plugins take', async () => {
    expect((await findings(checkPluginConfig, {}))[0]).toMatchObject({ severity: 'ok' });
  });

  it('reports a field by its path, without its value', async () => {
    const plugins = [
      AUTHORIZER,
      EVALUATOR,
      '{ name: cloud-run-token, config: { header: s3cret } }',
    ];
    const [found] = await findings(checkPluginConfig, { plugins });
    expect(found).toMatchObject({ severity: 'error', route: 'tasks' });
    expect(found?.message).toMatch(/^cloud-run-token: config\.header: .*500 invalid_config\.$/);
    expect(found?.fix).toContain('at services[0].routes[0].plugins[2]: mend config.header');
    expect(JSON.stringify(found)).not.toContain('s3cret');
  });

  it('reports fields that contradict one another', async () => {
    const plugins = [AUTHORIZER, '{ name: policy-evaluator }', TOKEN];
    expect((await told(checkPluginConfig, { plugins }))[0]).toContain('exactly one of policy');
  });

  it('says nothing of values that are not known here', async () => {
    const plugins = [
      AUTHORIZER.replace('"https://login.example.com"', `'\${{ env "DECK_ISSUER" }}'`),
      EVALUATOR,
      TOKEN,
    ];
    expect(await told(checkPluginConfig, { plugins })).toEqual([]);
  });

  it('says once what is wrong for all routes', async () => {
    const top =
      'routes: [{ name: a, service: tasks }, { name: b, service: tasks }]\nplugins: [{ name: cloud-run-token, config: { x: 1 } }]';
    expect(await told(checkPluginConfig, { plugins: CHAIN, top })).toHaveLength(1);
  });
});

describe('the check policy-file', () => {
  const with_ = (config: string) => ({
    plugins: [AUTHORIZER, `{ name: policy-evaluator, config: { ${config} } }`, TOKEN],
  });

  it('is content with a policy that loads', async () => {
    expect(await findings(checkPolicyFile, {})).toEqual([
      { check: 'policy-file', severity: 'ok', message: 'The policies load.' },
    ]);
  });

  it('reports one that does not, with its place', async () => {
    const file = write('broken.yaml', POLICY.replace('"true"', 'identty.subject == "a"'));
    const [found] = await findings(checkPolicyFile, with_(`policy_file: ${file}`));
    expect(found).toMatchObject({ severity: 'error', fix: `cloud-run-auth policy lint ${file}` });
    expect(found?.message).toContain(`${file}:2:`);
  });

  it('reports one that stands in the configuration', async () => {
    const [found] = await findings(checkPolicyFile, with_('policy: "version: 1"'));
    expect(found).toMatchObject({ severity: 'error', route: 'tasks' });
  });

  it('looks beside the kong.yml for a file of the gateway', async () => {
    const found = await told(checkPolicyFile, with_('policy_file: /nowhere/policy.yaml'));
    expect(found).toEqual([
      `info: policy_file "/nowhere/policy.yaml" is not on this machine: looked at ${path.join(FOLDER, 'policy.yaml')} instead.`,
    ]);
  });

  it('warns where it is not there either', async () => {
    const found = await told(checkPolicyFile, with_('policy_file: /nowhere/other.yaml'));
    expect(found).toEqual([expect.stringMatching(/^warning: .*is not on this machine/)]);
  });

  it('says how a relative path is looked up', async () => {
    const [found] = await findings(checkPolicyFile, with_('policy_file: rules/policy.yaml'));
    expect(found).toMatchObject({
      severity: 'info',
      fix: `policy_file: ${path.join(FOLDER, 'rules/policy.yaml')}`,
    });
    expect(found?.message).toContain('in the directory it is started in');
  });

  it('reports a directory in its place', async () => {
    mkdirSync(path.join(FOLDER, 'a.yaml'));
    const found = await told(checkPolicyFile, with_(`policy_file: ${path.join(FOLDER, 'a.yaml')}`));
    expect(found[0]).toContain('is not a regular file');
  });
});
