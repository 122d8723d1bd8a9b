import { createServer } from 'node:net';

/** Where the repository's kong.yml expects everything. */
export const DEFAULT_PORTS = {
  gateway: 8000,
  identityProvider: 4000,
  google: 4001,
  tasksStaging: 4002,
  tasksProduction: 4003,
} as const;

export type Ports = Record<keyof typeof DEFAULT_PORTS, number>;

const PARTS = Object.keys(DEFAULT_PORTS) as (keyof Ports)[];

const NAMES: Record<keyof Ports, string> = {
  gateway: 'the gateway',
  identityProvider: 'the identity provider',
  google: 'the Google stand-in',
  tasksStaging: 'tasks-staging',
  tasksProduction: 'tasks-production',
};

/** A port of this machine's loopback that is free now: the preferred one, or any. */
async function findFreePort(preferred = 0): Promise<number> {
  const taken = await tryPort(preferred);
  return taken ?? findFreePort(0);
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
        resolve(undefined);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** The defaults where they are free, other ports where something else listens there already. */
export async function findPorts(
  preferDefaults: boolean,
  defaults: Ports = DEFAULT_PORTS,
): Promise<Ports> {
  const ports: Ports = { ...defaults };
  for (const name of PARTS) {
    let port = await findFreePort(preferDefaults ? defaults[name] : 0);
    // A port found a moment ago for another name may be offered again.
    while (Object.entries(ports).some(([other, used]) => other !== name && used === port)) {
      port = await findFreePort(0);
    }
    ports[name] = port;
  }
  return ports;
}

/** Says of each part that is not where kong.yml expects it where it is instead. */
export function describeMoved(ports: Ports): string[] {
  return PARTS.filter((name) => ports[name] !== DEFAULT_PORTS[name]).map(
    (name) => `port ${DEFAULT_PORTS[name]} is taken: ${NAMES[name]} listens on ${ports[name]}`,
  );
}

/** Puts the ports in use into a kong.yml that is written for the default ones. */
export function renderConfig(config: string, ports: Ports): string {
  return config.replace(/127\.0\.0\.1:(\d+)/g, (address, port) => {
    const name = PARTS.find((candidate) => DEFAULT_PORTS[candidate] === Number(port));
    return name === undefined ? address : `127.0.0.1:${ports[name]}`;
  });
}
