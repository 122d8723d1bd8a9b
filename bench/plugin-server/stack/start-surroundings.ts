import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startGoogle } from '../../../dev/google/start-google.ts';
import { getToken } from '../../../dev/identity-provider/get-token.ts';
import { startIdentityProvider } from '../../../dev/identity-provider/start-identity-provider.ts';
import { accepts } from '../../../dev/stack/accepts.ts';
import { findPorts, type Ports, renderConfig } from '../../../dev/stack/ports.ts';
import { REPOSITORY, STAGING_AUDIENCE } from '../../../dev/stack/start-stack.ts';
import type { Cleanup } from '../process/cleanup.ts';
import { startProcess } from '../process/start-process.ts';

/** What both plugin servers share: whom they trust, where requests end, and what a client sends. */
export interface Surroundings {
  ports: Ports;
  /** A kong.yml. */
  config: string;
  /** For the plugin server. */
  env: NodeJS.ProcessEnv;
  /** An access token of a user who is allowed to read tasks, good for an hour. */
  accessToken(): Promise<string>;
}

/** What the chain lets an engineer read. */
export const PATH = '/staging/tasks/7';

/**
 * Identity provider and Google stand in this process: once keys and ID tokens are cached, nobody asks them, so they
 * cost nothing while something is measured. The upstream is asked at every request and has a process of its own.
 *
 * @param directory for what the upstream prints
 */
export async function startSurroundings(
  upstream: 'trivial' | 'cloud-run',
  directory: string,
  cleanup: Cleanup,
): Promise<Surroundings> {
  const ports = await findPorts(false);
  const { issuer } = await cleanup.add(startIdentityProvider({ port: ports.identityProvider }));
  const google = await cleanup.add(startGoogle({ port: ports.google }));
  const port = ports.tasksStaging;
  const cloudRun = [
    ...['--certs-url', google.certsUrl, '--service', 'tasks-staging', '--port', String(port)],
    ...['--audience', STAGING_AUDIENCE, '--invoker', google.defaultServiceAccount],
  ];
  await cleanup.add(
    startProcess({
      name: 'the upstream',
      args: [
        ...['--import', 'tsx'],
        ...(upstream === 'trivial'
          ? ['bench/plugin-server/upstream/main.ts', String(port)]
          : ['dev/cloud-run/main.ts', ...cloudRun]),
      ],
      cwd: REPOSITORY,
      logFile: path.join(directory, 'upstream.log'),
      isReady: () => accepts({ host: '127.0.0.1', port }),
    }),
  );
  return {
    ports,
    config: renderConfig(await readFile(path.join(REPOSITORY, 'kong.yml'), 'utf8'), ports),
    env: { ...process.env, GCE_METADATA_HOST: google.metadataHost },
    accessToken: () => getToken(issuer, { user: 'bob', expiresInSeconds: 3600 }),
  };
}
