import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoadedPlugin } from '../../src/plugin-server/loaded-plugin.ts';
import { readWarmRoutes, warmPlugins } from '../../src/plugin-server/warm-plugins.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'warm-'));
afterAll(() => rmSync(folder, { recursive: true }));

let warmed: unknown[];
let created: string[];
let atOnce: number;
let most: number;
beforeEach(() => {
  warmed = [];
  created = [];
  atOnce = 0;
  most = 0;
});

function loaded(name: string, methods: object): LoadedPlugin {
  class Plugin {
    readonly config: unknown;

    constructor(config: unknown) {
      this.config = config;
      created.push(name);
    }
  }
  Object.assign(Plugin.prototype, methods);
  const Constructor = Plugin as unknown as LoadedPlugin['Plugin'];
  return { name, version: '1', priority: 1, phases: [], schema: [], file: '', Plugin: Constructor };
}

const PLUGINS = new Map(
  [
    loaded('tokens', {
      async warm(this: { config: { audience?: string } }, { host }: { host: string }) {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        if (this.config.audience === 'broken') throw new TypeError('eyJ.secret');
        warmed.push([host, this.config]);
      },
    }),
    loaded('policies', {}),
  ].map((plugin) => [plugin.name, plugin]),
);

async function warm(kongYml: string) {
  const file = path.join(folder, 'kong.yml');
  writeFileSync(file, kongYml);
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  await warmPlugins(readWarmRoutes(file, logger), PLUGINS, logger);
  return logger;
}

const route = (name: string, config = '{}') => `
      - name: ${name}
        paths: [/${name}]
        plugins:
          - { name: policies, config: {} }
          - { name: tokens, config: ${config} }
          - { name: file-log, config: { path: /dev/null } }`;
const kongYml = (...routes: string[]) => `
_format_version: "3.0"
services:
  - name: one
    url: https://one.example
    routes:${routes.join('')}
`;

describe('the routes of a kong.yml', () => {
  it('are warmed with their configs and the hosts of their services', async () => {
    const logger = await warm(kongYml(route('a'), route('b', '{ audience: b }')));
    expect(warmed).toEqual([
      ['one.example', {}],
      ['one.example', { audience: 'b' }],
    ]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('cost nothing in plugins that have nothing to warm', async () => {
    await warm(kongYml(route('a')));
    expect(created).toEqual(['tokens']);
  });

  it('are warmed a few at a time', async () => {
    await warm(kongYml(...Array.from({ length: 50 }, (_, index) => route(`r${index}`))));
    expect(warmed).toHaveLength(50);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('with a vault reference are left to Kong, which can resolve it', async () => {
    const logger = await warm(kongYml(route('a', '{ credentials: "{vault://env/key}" }')));
    expect(created).toEqual([]);
    expect(logger.info).toHaveBeenCalledOnce();
  });

  it('that cannot be warmed do not keep others from it, and nothing secret is logged', async () => {
    const logger = await warm(kongYml(route('a', '{ audience: broken }'), route('b')));
    expect(warmed).toEqual([['one.example', {}]]);
    expect(logger.warn).toHaveBeenCalledOnce();
    expect(JSON.stringify(logger.warn.mock.calls)).not.toContain('secret');
  });

  it.each([': no yaml', '_format_version: "9"'])(
    'are none in a file that is no kong.yml, which is logged: %j',
    async (text) => {
      const logger = await warm(text);
      expect(warmed).toEqual([]);
      expect(logger.warn).toHaveBeenCalledOnce();
    },
  );

  it('are none in a file that is not there', () => {
    const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    expect(readWarmRoutes(path.join(folder, 'missing.yml'), logger)).toEqual([]);
    expect(logger.warn).toHaveBeenCalledOnce();
  });
});
