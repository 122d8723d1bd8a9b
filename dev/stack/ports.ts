import { createServer } from 'node:net';

/** Where the repository's kong.yml expects everything. */
export const DEFAULT_PORTS = {
  gateway: 8000,
  identityProvider: 4000,
  google: 4001,
  tasksStaging: 4002,
  tasksProduction: 4003,
} as const;

/** The same, and where the gateway listens for TLS, if it does. */
export const DEFAULT_PORTS_WITH_TLS = { ...DEFAULT_PORTS, gatewayTls: 8443 } as const;

export interface Ports extends Record<keyof typeof DEFAULT_PORTS, number> {
  gatewayTls?: number;
}

const PARTS = Object.keys(DEFAULT_PORTS_WITH_TLS) as (keyof Ports)[];

const NAMES: Record<keyof Ports, string> = {
  gateway: 'the gateway',
  gatewayTls: 'the gateway, for TLS,',
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
  for (const name of PARTS.filter((part) => part in defaults)) {
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
  const defaults = DEFAULT_PORTS_WITH_TLS;
  return PARTS.filter((name) => name in ports && ports[name] !== defaults[name]).map(
    (name) => `port ${defaults[name]} is taken: ${NAMES[name]} listens on ${ports[name]}`,
  );
}

/** Puts the ports in use into a kong.yml that is written for the default ones. */
export function renderConfig(config: string, ports: Ports): string {
  return config.replace(/127\.0\.0\.1:(\d+)/g, (address, port) => {
    const name = PARTS.find((candidate) => DEFAULT_PORTS_WITH_TLS[candidate] === Number(port));
    const used = name && ports[name];
    return used === undefined ? address : `127.0.0.1:${used}`;
  });
}
