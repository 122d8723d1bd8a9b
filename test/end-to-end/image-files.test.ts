import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../dev/stack/start-stack.ts';
import { ENVIRONMENTS, pluginServerEntries, readFile } from '../repository/kong-environment.ts';

const HOME = '/opt/kong-cloud-run-auth';
const environments = new Map(ENVIRONMENTS);

/** Where the repository has what the image has at a path. */
function source(file: string): string {
  return path.join(REPOSITORY, file.replace(`${HOME}/bin/`, 'docker/').replace(`${HOME}/`, ''));
}

const PROTOCOLS = [
  ['the image', 'ProtoBuf:1'],
  ['the image for the stock plugin server', undefined],
] as const;

describe.each(PROTOCOLS)('%s', (where, protocol) => {
  const entries = pluginServerEntries(environments.get(where) ?? {});

  it.each(entries)('describes $name in the protocol of its server', ({ name, queryCmd = '' }) => {
    const document = JSON.parse(readFileSync(source(queryCmd.replace('cat ', '')), 'utf8'));
    expect(document.Protocol).toBe(protocol);
    const [plugin] = document.Plugins ?? document;
    expect(plugin.Name).toBe(name);
  });

  it('starts a plugin server from files that are there', () => {
    const [script = ''] = entries.flatMap(({ startCmd }) => startCmd ?? []);
    const text = readFileSync(source(script), 'utf8');
    const named =
      text.match(/(?<![\w/])(?:\/opt\/kong-cloud-run-auth\/)?(?:dist|bin)\/[\w./-]+/g) ?? [];
    expect(named).toEqual(expect.arrayContaining([expect.stringContaining('dist/')]));
    const files = named.map((file) => source(file.startsWith('/') ? file : `${HOME}/${file}`));
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });
});

it('copies nothing into an image but what was built and what docker/ has', () => {
  const copied = [...readFile('Dockerfile').matchAll(/^COPY --from=dev (\S+)/gm)];
  expect([...new Set(copied.map(([, file]) => file))].sort()).toEqual([
    '/app/dist',
    '/usr/local/bin/node',
  ]);
});
