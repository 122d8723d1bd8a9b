import { parseArgs } from 'node:util';
import { INGRESS_TRAFFIC } from '../google/cloud-run-services.ts';
import type { CloudRunOptions } from './start-cloud-run.ts';

export interface CommandLine {
  services: CloudRunOptions[];
  /** a listener of its own, so that no path of a service is open without authentication */
  healthPort?: number;
}

/** The flags that belong to the service before them, each as often as it was given. */
type ServiceFlags = Record<(typeof SERVICE_FLAGS)[number], string[]>;

const SERVICE_FLAGS = [
  'port',
  'audience',
  'invoker',
  'accept-host',
  'ingress',
  'iap-audience',
  'iap-accessor',
] as const;

/**
 * `--certs-url URL [--host H] [--health-port P]`, then for each service `--service NAME --port P
 * --audience A… --invoker EMAIL…` and what else it needs: what follows a `--service` belongs to it.
 *
 * @throws an Error that names the flag, or the service and what it lacks
 */
export function parseServices(args: string[]): CommandLine {
  const perService = { type: 'string', multiple: true } as const;
  const { values, tokens } = parseArgs({
    args,
    tokens: true,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      'certs-url': { type: 'string' },
      'health-port': { type: 'string' },
      service: perService,
      port: perService,
      audience: perService,
      invoker: perService,
      'accept-host': perService,
      ingress: perService,
      'iap-audience': perService,
      'iap-accessor': perService,
    },
  });
  const certsUrl = values['certs-url'];
  if (certsUrl === undefined || !URL.canParse(certsUrl))
    throw new Error('--certs-url URL is needed');

  const groups: { service: string; flags: ServiceFlags }[] = [];
  for (const token of tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    const name = SERVICE_FLAGS.find((flag) => flag === token.name);
    if (token.name === 'service') {
      groups.push({ service: token.value, flags: noFlags() });
    } else if (name !== undefined) {
      const group = groups.at(-1);
      if (group === undefined) throw new Error(`--${name} comes after the --service it is for`);
      group.flags[name].push(token.value);
    }
  }
  if (groups.length === 0) throw new Error('--service NAME is needed');
  const services = groups.map(({ service, flags }) => ({
    host: values.host,
    certsUrl,
    ...serviceOptions(service, flags),
  }));
  const healthPort = values['health-port'];
  return healthPort === undefined
    ? { services }
    : { services, healthPort: parsePort('health-port', healthPort) };
}

function noFlags(): ServiceFlags {
  return Object.fromEntries(SERVICE_FLAGS.map((flag) => [flag, []])) as unknown as ServiceFlags;
}

function serviceOptions(service: string, flags: ServiceFlags) {
  const port = flags.port.at(-1);
  if (port === undefined) throw new Error(`--service ${service} needs a --port`);
  if (flags.audience.length === 0) throw new Error(`--service ${service} needs an --audience`);
  const hosts = flags['accept-host'].map((host) => host.toLowerCase());
  const ingress = flags.ingress.at(-1);
  const audience = flags['iap-audience'].at(-1);
  const accessors = flags['iap-accessor'];
  if (audience === undefined && accessors.length > 0) {
    throw new Error(`--service ${service} has an --iap-accessor and needs an --iap-audience`);
  }
  return {
    service,
    port: parsePort('port', port),
    audiences: flags.audience,
    invokers: flags.invoker,
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(ingress === undefined ? {} : { ingress: parseIngress(ingress) }),
    ...(audience === undefined
      ? {}
      : { iap: { audience, ...(accessors.length === 0 ? {} : { accessors }) } }),
  };
}

function parseIngress(text: string) {
  const ingress = INGRESS_TRAFFIC.find((value) => value === text);
  if (ingress === undefined) {
    throw new Error(`--ingress is one of ${INGRESS_TRAFFIC.join(', ')}: ${text}`);
  }
  return ingress;
}

function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`--${flag} is not a port: ${text}`);
  return port;
}
