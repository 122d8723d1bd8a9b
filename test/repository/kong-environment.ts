import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { PLUGINS, REPOSITORY } from '../../dev/stack/start-stack.ts';

export type Environment = Record<string, string>;

/** The environment that a container runs in, one for each place in the repository that sets Kong up. */
export const ENVIRONMENTS: readonly [where: string, environment: Environment][] = [
  ['the image', imageEnvironment('gateway')],
  ['the image for the stock plugin server', imageEnvironment('stock')],
  ['the sidecar profile', composeEnvironment('docker-compose.yml', 'kong-sidecar')],
  ['the sidecar example', composeEnvironment('examples/sidecar/docker-compose.yml', 'kong')],
  ['the sidecar example on Kubernetes', kubernetesEnvironment()],
];

export interface Entry {
  name: string;
  socket: string | undefined;
  queryCmd: string | undefined;
  startCmd: string | undefined;
}

/** What Kong is told of the plugin server of each plugin. */
export function pluginServerEntries(environment: Environment): Entry[] {
  return PLUGINS.map((name) => {
    const variable = `KONG_PLUGINSERVER_${name.toUpperCase().replaceAll('-', '_')}`;
    return {
      name,
      socket: environment[`${variable}_SOCKET`],
      queryCmd: environment[`${variable}_QUERY_CMD`],
      startCmd: environment[`${variable}_START_CMD`],
    };
  });
}

export function readFile(file: string): string {
  return readFileSync(path.join(REPOSITORY, file), 'utf8');
}

/** What the ENV lines of a target of the Dockerfile set, with those of the targets that it starts from. */
function imageEnvironment(target: string): Environment {
  const targets = new Map<string, Environment>();
  let environment: Environment = {};
  for (const line of readFile('Dockerfile')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')) {
    const [, base = '', name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (name !== undefined) {
      environment = { ...targets.get(base) };
      targets.set(name, environment);
    }
    if (!line.startsWith('ENV ')) continue;
    for (const [, variable = '', quoted, plain] of line.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)) {
      environment[variable] = quoted ?? plain ?? '';
    }
  }
  return targets.get(target) ?? {};
}

function composeEnvironment(file: string, service: string): Environment {
  return parse(readFile(file), { merge: true }).services[service].environment;
}

function kubernetesEnvironment(): Environment {
  const documents = parseAllDocuments(readFile('examples/sidecar/kubernetes.yaml'));
  const deployment = documents.map((document) => document.toJS()).find(isDeployment);
  const variables: { name: string; value: string }[] =
    deployment.spec.template.spec.containers[0].env;
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

function isDeployment({ kind }: { kind: string }): boolean {
  return kind === 'Deployment';
}
