import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processIds } from './process-tree.ts';

const LISTEN = '0A';

/** The processes that hold a listening TCP port: for Kong, nginx's master and its workers. */
export function listeners(port: number): number[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) && state === LISTEN)
    .map((columns) => `socket:[${columns[9]}]`);
  return processIds().filter((pid) => openFiles(pid).some((file) => sockets.includes(file)));
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}
