import { randomInt } from 'node:crypto';
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

/** Linux gives ports from 32768 to whoever asks for any, and to outgoing connections. */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_767];
const PORTS_PER_PROCESS = 200;

/**
 * A port that is found free is anybody's until something listens there. So that stacks which start at the same time in
 * several processes do not find the same ports, each process looks among its own.
 */
const firstOwnPort =
  FIRST_PORT +
  PORTS_PER_PROCESS * (process.pid % Math.floor((LAST_PORT - FIRST_PORT) / PORTS_PER_PROCESS));
let lookedAt = randomInt(PORTS_PER_PROCESS);

/** A port of this machine's loopback that is free now: the preferred one, or any. */
async function findFreePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let count = 0; count < PORTS_PER_PROCESS; count += 1) {
    lookedAt += 1;
    const port = firstOwnPort + (lookedAt % PORTS_PER_PROCESS);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `no port is free from ${firstOwnPort} to ${firstOwnPort + PORTS_PER_PROCESS - 1}`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The defaults where they are free, other ports where something else listens there already. */
export async function findPorts(
  preferDefaults: boolean,
  defaults: Ports = DEFAULT_PORTS,
): Promise<Ports> {
  const ports: Ports = { ...defaults };
  for (const name of PARTS.filter((part) => part in defaults)) {
    ports[name] = await findFreePort(preferDefaults ? defaults[name] : undefined);
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
