import { parseArgs } from 'node:util';

export const WORKLOADS = ['chain', 'refusal'] as const;
export type Workload = (typeof WORKLOADS)[number];

export const GATEWAYS = ['dev', 'kong'] as const;
export type GatewayKind = (typeof GATEWAYS)[number];

export interface Options {
  rounds: number;
  seconds: number;
  connections: number;
  /** As `cloud-run-auth serve` takes it: a number or `auto`. The stock plugin server is always one process. */
  workers: string;
  refusals: number;
  workloads: readonly Workload[];
  memory: boolean;
  gateways: readonly GatewayKind[];
  kongBin: string | undefined;
  upstream: 'trivial' | 'cloud-run';
  json: string | undefined;
  micro: boolean;
  /** A folder for CPU profiles of our plugin server. */
  profile: string | undefined;
}

export const USAGE = `Usage: npx tsx bench/plugin-server/main.ts [options]

  --rounds 3             how often the plugin servers take turns
  --seconds 5            how long each measurement lasts
  --connections 32       client connections
  --workers 1            worker processes of our plugin server, or auto
  --refusals 100000      refusals between the first and the last look at memory
  --only WHAT            chain, refusal or memory; all of them by default
  --gateway WHICH        dev or kong; by default dev, and kong as well where KONG_BIN names a kong program
  --upstream trivial     trivial, or cloud-run for the Cloud Run stand-in, which verifies ID tokens
  --json FILE            write all samples there
  --micro                only our plugin server, with a client that plays Kong's side of ProtoBuf:1
  --profile DIR          with --micro: CPU profiles of the plugin server
`;

/** @throws Error that says which option is wrong */
export function parseOptions(args: string[], env: NodeJS.ProcessEnv): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '32' },
      workers: { type: 'string', default: '1' },
      refusals: { type: 'string', default: '100000' },
      only: { type: 'string' },
      gateway: { type: 'string' },
      upstream: { type: 'string', default: 'trivial' },
      json: { type: 'string' },
      micro: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const only = oneOf('--only', values.only, [...WORKLOADS, 'memory'] as const);
  const gateway = oneOf('--gateway', values.gateway, GATEWAYS);
  const kongBin = env.KONG_BIN || undefined;
  if (gateway === 'kong' && kongBin === undefined) {
    throw new Error('--gateway kong needs KONG_BIN, the path of a kong program');
  }
  if (values.profile !== undefined && !values.micro) throw new Error('--profile needs --micro');
  return {
    rounds: whole('--rounds', values.rounds),
    seconds: whole('--seconds', values.seconds),
    connections: whole('--connections', values.connections),
    workers: values.workers === 'auto' ? 'auto' : String(whole('--workers', values.workers)),
    refusals: whole('--refusals', values.refusals),
    workloads: WORKLOADS.filter((workload) => only === undefined || only === workload),
    memory: only === undefined || only === 'memory',
    gateways: gateway ? [gateway] : kongBin ? GATEWAYS : ['dev'],
    kongBin,
    upstream: oneOf('--upstream', values.upstream, ['trivial', 'cloud-run'] as const) ?? 'trivial',
    json: values.json,
    micro: values.micro,
    profile: values.profile,
  };
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${option} must be a positive whole number, not '${text}'`);
}

function oneOf<T extends string>(option: string, text: string | undefined, known: readonly T[]) {
  const found = known.find((value) => value === text);
  if (text === undefined || found !== undefined) return found;
  throw new Error(`${option} must be one of ${known.join(', ')}, not '${text}'`);
}
