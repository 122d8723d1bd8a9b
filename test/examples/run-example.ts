import dns from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { CloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { startGateway } from '../../dev/gateway/start-gateway.ts';
import type { Google } from '../../dev/google/start-google.ts';
import { type Answer, type Sent, send } from '../../dev/story/send.ts';
import { isJsonObject } from '../../src/core/json.ts';
import { servePlugins } from './serve-plugins.ts';
import { type Issuer, startIssuer } from './start-issuer.ts';
import { EXAMPLES, readExample } from './support.ts';

export interface StandIns {
  google: Google;
  /** By the host of their Kong service. */
  services: Record<string, CloudRun>;
  /** Further variables of the plugin server. */
  environment?: Record<string, string | undefined>;
}

export interface RunningExample extends StandIns {
  issuer: Issuer;
  /** Sends a request to the gateway, in the name of somebody with these claims or of nobody. */
  ask(request: Sent, claims?: Record<string, unknown>): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Runs an example as it stands: its kong.yml on the development gateway, its policy, the plugins in this process. Only
 * where things are is changed: names of hosts lead to this machine, services have a port there, and Google's addresses
 * and the issuer are the stand-ins'.
 *
 * @param start what the example needs; the issuer is there already
 */
export async function runExample(
  folder: string,
  start: (issuer: Issuer) => Promise<StandIns>,
): Promise<RunningExample> {
  const stops: (() => unknown)[] = [];
  async function stop(): Promise<void> {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  }
  try {
    const directory = mkdtempSync(path.join(tmpdir(), 'example-'));
    stops.push(() => rmSync(directory, { recursive: true }));
    const issuer = await startIssuer();
    stops.push(() => issuer.stop());
    const standIns = await start(issuer);
    const { google, services, environment = {} } = standIns;
    stops.push(() => google.stop(), ...Object.values(services).map((one) => () => one.stop()));
    const plugins = await servePlugins();
    stops.push(() => plugins.stop());
    stops.push(
      setEnvironment({
        HOME: directory,
        CLOUDSDK_CONFIG: undefined,
        GCE_METADATA_IP: undefined,
        GOOGLE_APPLICATION_CREDENTIALS: undefined,
        GCE_METADATA_HOST: google.metadataHost,
        IAM_CREDENTIALS_ENDPOINT: google.url,
        STS_ENDPOINT: google.url,
        ...environment,
      }),
      resolveToLoopback(Object.keys(services)),
    );
    const gateway = await startGateway({
      config: relocate(folder, { issuer, services, audit: path.join(directory, 'audit.log') }),
      pluginServers: plugins.entries,
      log: () => {},
    });
    stops.push(() => gateway.stop());
    return {
      ...standIns,
      issuer,
      async ask({ headers = {}, ...request }, claims) {
        const token = claims && (await issuer.sign(claims));
        const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
        return send(gateway.url, { ...request, headers: { ...authorization, ...headers } });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function relocate(
  folder: string,
  { issuer, services, audit }: { issuer: Issuer; services: StandIns['services']; audit: string },
): string {
  const policy = path.join(EXAMPLES, folder, 'policy.yaml');
  const text = readExample(`${folder}/kong.yml`)
    .replaceAll('https://login.example.com', issuer.url)
    .replaceAll(/^( +url: )https:\/\/([^\s/]+)/gm, (_, key, host) => {
      const service = services[host];
      if (service === undefined) throw new Error(`${folder}: nothing stands in for ${host}`);
      return `${key}http://${host}:${service.port}`;
    })
    .replaceAll(/^( +)policy_file: \S+$/gm, `$1policy_file: ${policy}\n$1audit: { file: ${audit} }`)
    .replaceAll(/policy_file: [^\s,]+,/g, `policy_file: ${policy}, audit: { file: ${audit} },`);
  return allowHttp(text);
}

/** The stand-ins have no certificates for these names. */
function allowHttp(kongYml: string): string {
  const allow = (_: unknown, value: unknown) =>
    isTokenPlugin(value) ? { ...value, config: { ...value.config, allow_http: true } } : value;
  return stringify(parse(kongYml, allow, { merge: true }), { aliasDuplicateObjects: false });
}

function isTokenPlugin(value: unknown): value is { name: string; config?: object } {
  return isJsonObject(value) && value.name === 'cloud-run-token';
}

/** @returns puts back what was there */
function setEnvironment(variables: Record<string, string | undefined>): () => void {
  const before = Object.fromEntries(
    Object.keys(variables).map((name) => [name, process.env[name]]),
  );
  const set = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(variables);
  return () => set(before);
}

/** These names lead to this machine, so that services keep theirs. @returns puts back what was there */
function resolveToLoopback(names: readonly string[]): () => void {
  const { lookup } = dns;
  // It has several forms, with options and without, and an address is its own answer in each.
  const instead = (name: string, ...rest: unknown[]) => {
    const target = names.includes(name) ? '127.0.0.1' : name;
    return (lookup as (...given: unknown[]) => void)(target, ...rest);
  };
  Object.assign(dns, { lookup: instead });
  return () => void Object.assign(dns, { lookup });
}
