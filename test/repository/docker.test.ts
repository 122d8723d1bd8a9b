import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_PORTS } from '../../dev/stack/ports.ts';
import {
  PLUGINS,
  PRODUCTION_AUDIENCE,
  REPOSITORY,
  STAGING_AUDIENCE,
} from '../../dev/stack/start-stack.ts';
import { GATEWAY_ACCOUNT } from '../../dev/story/steps.ts';

const read = (file: string) => readFileSync(path.join(REPOSITORY, file), 'utf8');
const dockerfile = read('Dockerfile');
const compose = parse(read('docker-compose.yml'), { merge: true });

describe('Dockerfile', () => {
  it.each(PLUGINS)(
    'gives %s an entry of its own: Kong 3.9 uses the first plugin of each',
    (name) => {
      const variable = `KONG_PLUGINSERVER_${name.toUpperCase().replaceAll('-', '_')}`;
      expect(dockerfile).toContain(
        `${variable}_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/${name}.json"`,
      );
      expect(dockerfile).toContain(`${variable}_SOCKET=/usr/local/kong/cloud-run-auth.sock`);
    },
  );

  it('starts one plugin server for all of them', () => {
    expect(dockerfile.match(/_START_CMD=/g)).toHaveLength(1);
    expect(dockerfile).toContain(`KONG_PLUGINSERVER_NAMES=${PLUGINS.join(',')}`);
  });
});

describe('docker-compose.yml', () => {
  const services: Record<
    string,
    { healthcheck?: unknown; profiles?: string[]; command?: string[] }
  > = compose.services;

  it('has a health check for everything that stays up', () => {
    for (const [name, service] of Object.entries(services)) {
      if (!service.profiles) expect(service.healthcheck, name).toBeDefined();
    }
  });

  it('listens where kong.yml looks for it', () => {
    const ports = (name: string) => services[name]?.command?.join(' ') ?? '';
    expect(ports('identity-provider')).toContain(`--port ${DEFAULT_PORTS.identityProvider}`);
    expect(ports('google')).toContain(`--port ${DEFAULT_PORTS.google}`);
    expect(ports('cloud-run')).toContain(`--port=${DEFAULT_PORTS.tasksStaging}`);
    expect(ports('cloud-run')).toContain(`--port=${DEFAULT_PORTS.tasksProduction}`);
  });

  it('has the audiences and the invoker of the demo', () => {
    const cloudRun = services['cloud-run']?.command ?? [];
    expect(cloudRun).toContain(`--audience=${STAGING_AUDIENCE}`);
    expect(cloudRun).toContain(`--audience=${PRODUCTION_AUDIENCE}`);
    expect(cloudRun).toContain(`--invoker=${GATEWAY_ACCOUNT}`);
  });
});
