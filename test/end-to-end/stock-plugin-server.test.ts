import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PLUGINS, REPOSITORY } from '../../dev/stack/start-stack.ts';

const require = createRequire(import.meta.url);
const plugins = path.join(REPOSITORY, 'dist/plugins');

interface Info {
  Name: string;
  Phases: string[];
  Priority: number;
  Schema: unknown;
}

/** Their order means nothing. */
const sorted = (plugins: Info[]): Info[] =>
  plugins.map((plugin) => ({ ...plugin, Phases: plugin.Phases.toSorted() }));

function dump(): Info[] {
  const program = path.join(
    path.dirname(require.resolve('kong-pdk/package.json')),
    'bin/kong-js-pluginserver',
  );
  const printed = execFileSync(process.execPath, [program, '-d', plugins, '--dump-all-plugins'], {
    env: { ...process.env, TS_NODE_SKIP_PROJECT: 'true' },
    encoding: 'utf8',
  });
  return sorted(JSON.parse(printed));
}

it('loads the built folder as exactly three plugins, in the order of the chain, the last of which hears of responses too', () => {
  const loaded = dump().sort((a, b) => b.Priority - a.Priority);
  expect(loaded.map(({ Name }) => Name)).toEqual([...PLUGINS]);
  expect(loaded.map(({ Phases }) => Phases)).toEqual([['access'], ['access'], ['access', 'log']]);
  expect(readdirSync(plugins)).toHaveLength(3);
});

it.each(PLUGINS)('has written for %s what the plugin server says of it', (name) => {
  const file = path.join(REPOSITORY, 'dist/plugin-info/stock', `${name}.json`);
  expect(sorted(JSON.parse(readFileSync(file, 'utf8')))).toEqual(
    dump().filter((plugin) => plugin.Name === name),
  );
});
