import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorizerFields } from '../../src/authorizer/config.ts';
import { cloudRunFields } from '../../src/cloud-run/config.ts';
import type { ConfigFields } from '../../src/core/config/fields.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { policyFields } from '../../src/policy/config.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../src/policy/run-policy-tests.ts';
import { EXAMPLES, examplesNamed, pluginConfig, readExample, readRoutes } from './support.ts';

const FIELDS = new Map<string, ConfigFields>([
  ['oidc-authorizer', authorizerFields],
  ['policy-evaluator', policyFields],
  ['cloud-run-token', cloudRunFields],
]);
const OURS = [...FIELDS.keys()];

describe.each(examplesNamed('kong.yml'))('%s', (file) => {
  const routes = readRoutes(file);

  it.each(routes)('configures our plugins on the route $name as their schemas have it', (route) => {
    for (const { name } of route.plugins) {
      const fields = FIELDS.get(name);
      if (fields !== undefined) parseConfig(fields, pluginConfig(route, name));
    }
  });

  it('asks on every route who it is, whether they may, and for a token, or only receives events', () => {
    for (const { plugins } of routes) {
      const ours = plugins.filter(({ name }) => OURS.includes(name));
      const isReceiver = ours.some(({ config }) => config.security_events !== undefined);
      expect(ours.map(({ name }) => name)).toEqual(isReceiver ? ['oidc-authorizer'] : OURS);
    }
  });

  it('names its routes once', () => {
    const names = routes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has a policy beside it', () => {
    expect(existsSync(path.join(EXAMPLES, path.dirname(file), 'policy.yaml'))).toBe(true);
  });
});

describe.each(examplesNamed('policy.yaml'))('%s', (file) => {
  const results = runPolicyTests(loadPolicy(readExample(file), file));

  it.each(results.map((result) => [result.name, result] as const))('%s', (_, result) => {
    expect(result.actual).toMatchObject(result.expected);
    expect(result.passed).toBe(true);
  });

  it('brings its own tests', () => {
    expect(results.length).toBeGreaterThan(0);
  });
});

describe.each(examplesNamed('README.md'))('%s', (file) => {
  const folder = path.join(EXAMPLES, path.dirname(file));
  const links = [...readExample(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
    ([, target = '']) => target,
  );

  it('links to what is there', () => {
    expect(links.filter((target) => !existsSync(path.join(folder, target)))).toEqual([]);
  });

  it('has commands that a shell can read', () => {
    for (const commands of codeBlocks(file, 'sh')) {
      execFileSync('sh', ['-n'], { input: commands, stdio: 'pipe' });
    }
  });
});

/** The blocks of a language in a README, as a reader sees them: without the indentation of a list. */
function codeBlocks(file: string, language: string): string[] {
  const blocks = [...readExample(file).matchAll(/^( *)```(\w+)\n(.*?)^ *```$/gms)];
  return blocks
    .filter(([, , found]) => found === language)
    .map(([, indentation = '', , text = '']) => text.replaceAll(`\n${indentation}`, '\n').trim());
}

it('lists every example in the README of its folder', () => {
  for (const list of ['README.md', 'identity-providers/README.md']) {
    const folder = path.dirname(list);
    const listed = [...readExample(list).matchAll(/\]\(([^)/]+)\/?\)/g)].map(([, name]) => name);
    const folders = examplesNamed('README.md')
      .map((file) => path.relative(folder, path.dirname(file)))
      .filter((name) => name !== '' && !name.startsWith('..') && !name.includes('/'));
    expect(listed).toEqual(expect.arrayContaining(folders));
  }
});
