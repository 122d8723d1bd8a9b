import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import { REPOSITORY, type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnDevGateway, describeOnKong } from './gateways.ts';

interface LogRecord {
  authz?: { decision?: string; rule?: string | null; refusal?: { plugin: string; code: string } };
}

/** The repository's kong.yml with more plugins on its first route. */
function kongYml(plugins: object[]): string {
  const config = parse(readFileSync(`${REPOSITORY}/kong.yml`, 'utf8'));
  config.services[0].routes[0].plugins.push(...plugins);
  return stringify(config, { aliasDuplicateObjects: false });
}

async function get(stack: Stack, user?: string, urlPath = '/staging/tasks/7') {
  const { issuer } = stack.identityProvider;
  const headers = user ? { Authorization: `Bearer ${await getToken(issuer, { user })}` } : {};
  return (await send(stack.gateway.url, { path: urlPath, headers })).status;
}

describeOnDevGateway("what Kong's log plugins get", ({ pluginServer }) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ pluginServer });
  });
  afterAll(() => stack?.stop());

  it('is the audit record under authz, or the refusal where no policy was asked', async () => {
    await get(stack, 'bob');
    await get(stack);
    const records = await eventually('two records', () =>
      stack.accessLog.length >= 2 ? (stack.accessLog as LogRecord[]) : undefined,
    );
    expect(records[0]?.authz).toMatchObject({ decision: 'allow', rule: 'engineers-read' });
    expect(records[1]?.authz).toMatchObject({
      refusal: { plugin: 'oidc-authorizer', code: 'missing_token' },
    });
  });
});

describeOnKong("beside Kong's own plugins", ({ kongBin, pluginServer }) => {
  let stack: Stack;
  let directory: string;
  let logFile: string;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'kong-log-'));
    logFile = path.join(directory, 'records.jsonl');
    const config = kongYml([
      { name: 'acl', config: { allow: ['qa-leads'], always_use_authenticated_groups: true } },
      { name: 'file-log', config: { path: logFile, reopen: true } },
    ]);
    stack = await startStack({ kongBin, pluginServer, config });
  });
  afterAll(async () => {
    await stack?.stop();
    rmSync(directory, { recursive: true });
  });

  it("gives the token's groups to acl", async () => {
    expect(await get(stack, 'alice')).toBe(200);
    expect(await get(stack, 'bob')).toBe(403);
  });

  it('gives the audit record to file-log', async () => {
    await get(stack, 'alice');
    const record = await eventually('a record', () => {
      const lines = readFileSync(logFile, 'utf8').trim().split('\n');
      const records: LogRecord[] = lines.map((line) => JSON.parse(line));
      return records.find(({ authz }) => authz?.decision === 'allow');
    });
    expect(record.authz?.rule).toBe('engineers-read');
  });

  it('gives no token to file-log', () => {
    const records = readFileSync(logFile, 'utf8');
    expect(records).toContain('"x-serverless-authorization":"REDACTED"');
    expect(records).not.toContain('eyJ');
  });
});
