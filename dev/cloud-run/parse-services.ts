import { parseArgs } from 'node:util';
import type { CloudRunOptions } from './start-cloud-run.ts';

export interface CommandLine {
  services: CloudRunOptions[];
  /** a listener of its own, so that no path of a service is open without authentication */
  healthPort?: number;
}

/**
 * `--certs-url URL [--host H] [--health-port P]`, then for each service `--service NAME --port P
 * --audience A… --invoker EMAIL…`: what follows a `--service` belongs to it.
 *
 * @throws an Error that names the flag, or the service and what it lacks
 */
export function parseServices(args: string[]): CommandLine {
  const { values, tokens } = parseArgs({
    args,
    tokens: true,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      'certs-url': { type: 'string' },
      'health-port': { type: 'string' },
      service: { type: 'string', multiple: true },
      port: { type: 'string', multiple: true },
      audience: { type: 'string', multiple: true },
      invoker: { type: 'string', multiple: true },
    },
  });
  const certsUrl = values['certs-url'];
  if (certsUrl === undefined || !URL.canParse(certsUrl))
    throw new Error('--certs-url URL is needed');

  const groups: {
    service: string;
    port: number | undefined;
    audiences: string[];
    invokers: string[];
  }[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    const group = groups.at(-1);
    if (token.name === 'service') {
      groups.push({ service: token.value, port: undefined, audiences: [], invokers: [] });
    } else if (['port', 'audience', 'invoker'].includes(token.name)) {
      if (group === undefined)
        throw new Error(`--${token.name} comes after the --service it is for`);
      if (token.name === 'port') group.port = parsePort(token.name, token.value);
      else (token.name === 'audience' ? group.audiences : group.invokers).push(token.value);
    }
  }
  if (groups.length === 0) throw new Error('--service NAME is needed');
  const services = groups.map(({ service, port, audiences, invokers }) => {
    if (port === undefined) throw new Error(`--service ${service} needs a --port`);
    if (audiences.length === 0) throw new Error(`--service ${service} needs an --audience`);
    return { host: values.host, certsUrl, service, port, audiences, invokers };
  });
  const healthPort = values['health-port'];
  return healthPort === undefined
    ? { services }
    : { services, healthPort: parsePort('health-port', healthPort) };
}

function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`--${flag} is not a port: ${text}`);
  return port;
}
