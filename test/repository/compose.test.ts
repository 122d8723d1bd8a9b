import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_PORTS } from '../../dev/stack/ports.ts';
import { PRODUCTION_AUDIENCE, REPOSITORY, STAGING_AUDIENCE } from '../../dev/stack/start-stack.ts';
import { GATEWAY_ACCOUNT } from '../../dev/story/steps.ts';
import { readFile } from './kong-environment.ts';

interface Service {
  healthcheck?: unknown;
  profiles?: string[];
  command?: string[];
  entrypoint?: string[];
  depends_on?: Record<string, { condition: string }>;
  build?: { context: string; target?: string } | string;
  volumes?: string[];
  group_add?: string[];
  environment?: Record<string, string>;
}

function readServices(file: string): Record<string, Service> {
  return parse(readFile(file), { merge: true }).services;
}

const FILES = ['docker-compose.yml', 'examples/sidecar/docker-compose.yml'];
const services = readServices('docker-compose.yml');
const commandOf = (name: string) => services[name]?.command?.join(' ') ?? '';

describe.each(FILES)('%s', (file) => {
  const all = Object.values(readServices(file));
  const folder = path.dirname(path.join(REPOSITORY, file));

  it('mounts what is there', () => {
    const mounted = all
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => source.startsWith('.'));
    expect(mounted.length).toBeGreaterThan(0);
    expect(mounted.filter((source) => !existsSync(path.join(folder, source)))).toEqual([]);
  });

  it('builds targets that the Dockerfile has', () => {
    for (const { build } of all) {
      if (build === undefined) continue;
      const { context, target = 'gateway' } =
        typeof build === 'string' ? { context: build } : build;
      expect(path.resolve(folder, context)).toBe(REPOSITORY);
      expect(readFile('Dockerfile')).toContain(` AS ${target}\n`);
    }
  });

  it('starts an unmodified Kong once the plugin server is ready, in its group, with its folder read-only', () => {
    const kong = all.find(
      ({ depends_on }) => depends_on !== undefined && 'plugin-server' in depends_on,
    );
    expect(kong?.depends_on?.['plugin-server']).toEqual({ condition: 'service_healthy' });
    const [, group] = /^USER \d+:(\d+)$/m.exec(readFile('Dockerfile')) ?? [];
    expect(kong?.group_add).toEqual([group]);
    expect(kong?.volumes).toContain('cloud-run-auth:/run/cloud-run-auth:ro');
    expect(kong).toMatchObject({ image: 'kong:3.9' });
  });
});

describe('docker-compose.yml', () => {
  it('has a health check for everything that stays up', () => {
    for (const [name, { healthcheck, profiles = [] }] of Object.entries(services)) {
      const ends = name.startsWith('story');
      if (ends) expect(profiles, name).toEqual([name]);
      else expect(healthcheck, name).toBeDefined();
    }
  });

  it('enables with each story all that it waits for', () => {
    for (const [name, { depends_on = {}, profiles = [] }] of Object.entries(services)) {
      for (const needed of Object.keys(depends_on)) {
        const { profiles: theirs = profiles } = services[needed] ?? { profiles: [] };
        expect(theirs, `${needed}, for ${name}`).toEqual(expect.arrayContaining(profiles));
      }
    }
  });

  it('listens where kong.yml looks for it', () => {
    expect(commandOf('identity-provider')).toContain(`--port ${DEFAULT_PORTS.identityProvider}`);
    expect(commandOf('google')).toContain(`--port ${DEFAULT_PORTS.google}`);
    expect(commandOf('cloud-run')).toContain(`--port=${DEFAULT_PORTS.tasksStaging}`);
    expect(commandOf('cloud-run')).toContain(`--port=${DEFAULT_PORTS.tasksProduction}`);
  });

  it('has the audiences and the invoker of the demo', () => {
    const cloudRun = services['cloud-run']?.command ?? [];
    expect(cloudRun).toContain(`--audience=${STAGING_AUDIENCE}`);
    expect(cloudRun).toContain(`--audience=${PRODUCTION_AUDIENCE}`);
    expect(cloudRun).toContain(`--invoker=${GATEWAY_ACCOUNT}`);
  });

  it('tells each story to its own Kong, and reads the log of its own plugin server', () => {
    const log = (story: string) => /--log (\S+)/.exec(commandOf(story))?.[1] ?? '';
    expect(services.kong?.environment?.PLUGIN_SERVER_STDERR).toBe(log('story'));
    expect(services['plugin-server']?.entrypoint?.at(-1)).toContain(`2>>${log('story-sidecar')}`);
    const listen = services['kong-sidecar']?.environment?.KONG_PROXY_LISTEN;
    expect(commandOf('story-sidecar')).toContain(`--gateway http://${listen} `);
  });
});
