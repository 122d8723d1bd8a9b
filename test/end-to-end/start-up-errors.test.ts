import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startGateway } from '../../dev/gateway/start-gateway.ts';
import { shellQuote } from '../../dev/stack/shell-quote.ts';
import { PLUGINS, REPOSITORY } from '../../dev/stack/start-stack.ts';

const kongYml = readFileSync(`${REPOSITORY}/kong.yml`, 'utf8');
const pluginServers = PLUGINS.map((name) => ({
  name,
  socket: '/nowhere.sock',
  queryCmd: `cat ${shellQuote(`${REPOSITORY}/dist/plugin-info/${name}.json`)}`,
}));

function startWith(before: string, after: string) {
  expect(kongYml).toContain(before);
  return startGateway({ config: kongYml.replace(before, after), pluginServers, log: () => {} });
}

describe('the gateway does not start, and says where and why, with', () => {
  it.each([
    ['a misspelt plugin', 'name: policy-evaluator', 'name: policy-evaluater', /policy-evaluator/],
    ['a misspelt field', 'allow_anonymous: true', 'alow_anonymous: true', /allow_anonymous/],
    ['a field left out', 'issuers: *issuers', 'realm: x', /issuers/],
    ['a wrong type', 'allow_anonymous: true', 'allow_anonymous: maybe', /boolean/],
    ['an algorithm that is not safe', 'algorithms: [RS256]', 'algorithms: [HS256]', /RS256/],
    [
      'a number out of bounds',
      'issuers: *issuers',
      'issuers: *issuers\n              leeway_seconds: 9999',
      /300/,
    ],
    ['YAML that does not parse', 'paths: [/staging]', 'paths: [/staging', /./],
  ])('%s', async (_, before, after, words) => {
    const error: Error = await startWith(before, after).then(
      () => expect.unreachable('started'),
      (thrown) => thrown,
    );
    expect(error.message).toMatch(/kong\.yml:\d+:\d+: /);
    expect(error.message).toMatch(words);
  });

  it('a host beyond loopback', async () => {
    const start = startGateway({ config: kongYml, pluginServers, host: '0.0.0.0' });
    await expect(start).rejects.toThrow(/loopback/);
  });
});
