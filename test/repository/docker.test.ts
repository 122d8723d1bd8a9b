import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLUGINS, REPOSITORY } from '../../dev/stack/start-stack.ts';
import { ENVIRONMENTS, pluginServerEntries, readFile } from './kong-environment.ts';

const dockerfile = readFile('Dockerfile');
const environments = new Map(ENVIRONMENTS);
const gateway = environments.get('the image') ?? {};
const stock = environments.get('the image for the stock plugin server') ?? {};
const sidecars = ENVIRONMENTS.filter(([where]) => where.includes('sidecar'));

describe.each(ENVIRONMENTS)('Kong in %s', (_, environment) => {
  it('knows all three plugins', () => {
    expect(environment.KONG_PLUGINS).toBe(`bundled,${PLUGINS.join(',')}`);
    expect(environment.KONG_PLUGINSERVER_NAMES).toBe(PLUGINS.join(','));
  });

  it('has an entry for each, because Kong 3.9 uses the first plugin of each, and one socket for all', () => {
    const entries = pluginServerEntries(environment);
    expect(entries.map(({ queryCmd }) => path.basename(queryCmd ?? '', '.json'))).toEqual(
      entries.map(({ name }) => name),
    );
    const [socket, ...others] = new Set(entries.map((entry) => entry.socket));
    expect(socket).toMatch(/^\/.*\.sock$/);
    expect(others).toEqual([]);
  });
});

describe('the image', () => {
  it('starts one plugin server for all plugins, which is ours', () => {
    const started = pluginServerEntries(gateway).flatMap(({ startCmd }) => startCmd ?? []);
    expect(started).toEqual(['/opt/kong-cloud-run-auth/bin/start-plugin-server']);
    expect(readFile('docker/start-plugin-server')).toContain(
      `exec node dist/cloud-run-auth.cjs serve --socket ${gateway.KONG_PLUGINSERVER_OIDC_AUTHORIZER_SOCKET} `,
    );
  });

  it('reads what the plugins are from files for our plugin server', () => {
    expect(pluginServerEntries(gateway).map(({ queryCmd }) => queryCmd)).toEqual(
      PLUGINS.map((name) => `cat /opt/kong-cloud-run-auth/dist/plugin-info/${name}.json`),
    );
  });

  it('is what is built where no target is named', () => {
    const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);
    expect(targets.at(-1)).toBe('gateway');
  });

  it('needs no node_modules', () => {
    const copies = dockerfile.split(/^FROM /m).filter((part) => part.includes('node_modules'));
    expect(copies).toEqual([expect.stringMatching(/^kong-with-node AS stock\n/)]);
  });
});

it('the image for the stock plugin server reads files for that one', () => {
  const entries = pluginServerEntries(stock);
  expect(entries.flatMap(({ startCmd }) => startCmd ?? [])).toEqual([
    '/opt/kong-cloud-run-auth/bin/start-stock-plugin-server',
  ]);
  expect(entries.map(({ queryCmd }) => queryCmd)).toEqual(
    PLUGINS.map((name) => `cat /opt/kong-cloud-run-auth/dist/plugin-info/stock/${name}.json`),
  );
});

describe.each(sidecars)('Kong in %s', (_, environment) => {
  it('starts no plugin server, and finds socket and files where docker/serve-sidecar puts them', () => {
    const shared = /^shared=(.*)$/m.exec(readFile('docker/serve-sidecar'))?.[1];
    expect(pluginServerEntries(environment)).toEqual(
      PLUGINS.map((name) => ({
        name,
        socket: `${shared}/kong.sock`,
        queryCmd: `cat ${shared}/plugin-info/${name}.json`,
        startCmd: undefined,
      })),
    );
  });
});

describe('Dockerfile', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(([, sources = '']) =>
    sources.split(' '),
  );

  it.each(copied.map((file) => [file]))('copies %s, which is there', (file) => {
    expect(existsSync(path.join(REPOSITORY, file))).toBe(true);
  });

  const started = copied.filter((file) => /^docker\/(serve|start)-/.test(file));
  it.each(started.map((file) => [file]))('copies %s, which can be run', (file) => {
    expect(statSync(path.join(REPOSITORY, file)).mode & 0o111).toBe(0o111);
  });

  it('runs nothing as root', () => {
    const last = dockerfile
      .split(/^FROM /m)
      .slice(1)
      .map((stage) => [
        stage.split('\n')[0],
        [...stage.matchAll(/^USER (\S+)$/gm)].at(-1)?.[1] ?? 'inherited',
      ]);
    expect(Object.fromEntries(last)).toMatchObject({
      'node:24-bookworm-slim AS dev': 'node',
      'node:24-bookworm-slim AS plugin-server': '10001:10001',
      'kong:3.9 AS kong-with-node': 'kong',
      'kong-with-node AS stock': 'inherited',
      'kong-with-node AS gateway': 'inherited',
    });
  });
});
