import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { Call } from '../google/call.ts';
import type { FaultRule } from '../google/faults.ts';
import { createFaultyServer } from '../google/faulty-server.ts';
import { localUrl } from '../google/listen.ts';
import type { AwsAccessKey } from './access-keys.ts';
import { awsError } from './aws-error.ts';
import { type Container, containerCredentials } from './container-credentials.ts';
import {
  createInstanceMetadata,
  type Instance,
  instanceMetadataEndpoint,
} from './instance-metadata.ts';
import { createRoleCredentials } from './role-credentials.ts';

/** The endpoints as `calls()` counts them and `fail()` names them. */
const ENDPOINTS = [
  'imds_token',
  'imds_availability_zone',
  'imds_region',
  'imds_role',
  'imds_credentials',
  'container_credentials',
  'unknown',
] as const;

export type AwsEndpoint = (typeof ENDPOINTS)[number];

export interface AwsOptions {
  /** default 127.0.0.1 */
  host?: string;
  /** default 0: a free port */
  port?: number;
  clock?: Clock;
  /** default 123456789012 */
  accountId?: string;
  /** default `eu-central-1a` */
  availabilityZone?: string;
  /** of the instance and of the container, default `gateway`; null when none is attached to the instance */
  role?: string | null;
  /** default `required`: IMDSv2 alone */
  httpTokens?: Instance['httpTokens'];
  container?: Container;
  /** default 21600 */
  credentialLifetimeSeconds?: number;
}

/** `credential_source` of an `external_account` file, as `gcloud iam workload-identity-pools create-cred-config --aws` writes it. */
export interface AwsCredentialSource {
  environment_id: 'aws1';
  region_url: string;
  url: string;
  regional_cred_verification_url: string;
  imdsv2_session_token_url: string;
}

export interface Aws {
  url: string;
  port: number;
  credentialSource: AwsCredentialSource;
  /** for AWS_CONTAINER_CREDENTIALS_FULL_URI */
  containerCredentialsUri: string;
  /** the ARN whose credentials the instance metadata service hands out */
  instanceArn: string;
  containerArn: string;
  /** everything handed out that has not ended: for `aws.accessKeys` of a provider of `startGoogle` */
  accessKeys(): AwsAccessKey[];
  /** the next request for credentials finds new ones */
  rotateCredentials(): void;
  /** requests so far, by endpoint, failed ones too */
  calls(): Record<AwsEndpoint, number>;
  fail(rule: FaultRule<AwsEndpoint>): void;
  recover(): void;
  /** refuses connections until `comeUp()` */
  goDown(): Promise<void>;
  comeUp(): Promise<void>;
  stop(): Promise<void>;
}

/** What AWS offers a workload on its own machine: instance metadata and container credentials. For development and test only. */
export async function startAws(options: AwsOptions = {}): Promise<Aws> {
  const {
    host = '127.0.0.1',
    clock = systemClock,
    accountId = '123456789012',
    role = 'gateway',
    credentialLifetimeSeconds = 21600,
    container = {},
  } = options;
  const assumed = `arn:aws:sts::${accountId}:assumed-role/${role ?? 'gateway'}`;
  const instanceArn = `${assumed}/i-0abc1234def567890`;
  const containerArn = `${assumed}/gateway-7f9c`;
  const ofInstance = createRoleCredentials(instanceArn, credentialLifetimeSeconds, clock);
  const ofContainer = createRoleCredentials(containerArn, credentialLifetimeSeconds, clock);
  const { path: containerPath = '/v1/credentials' } = container;
  const instanceMetadata = createInstanceMetadata(
    {
      availabilityZone: options.availabilityZone ?? 'eu-central-1a',
      httpTokens: options.httpTokens ?? 'required',
      ...(role === null ? {} : { role: { name: role, credentials: ofInstance } }),
    },
    clock,
  );

  const server = createFaultyServer<AwsEndpoint>({
    name: 'AWS stand-in',
    endpoints: ENDPOINTS,
    endpointOf: ({ path }: Call) =>
      path === containerPath
        ? 'container_credentials'
        : (instanceMetadataEndpoint(path) ?? 'unknown'),
    answer: (endpoint, call) => {
      if (endpoint === 'unknown') return awsError(404, 'Not Found');
      if (endpoint === 'container_credentials') {
        return containerCredentials(container, ofContainer, containerArn, call);
      }
      return instanceMetadata(endpoint, call);
    },
    errorReply: (status) => awsError(status, 'Error'),
  });
  const port = await server.listen(host, options.port ?? 0);
  const url = localUrl(host, port);
  const metadata = `${url}/latest/meta-data`;

  return {
    url,
    port,
    credentialSource: {
      environment_id: 'aws1',
      region_url: `${metadata}/placement/availability-zone`,
      url: `${metadata}/iam/security-credentials`,
      regional_cred_verification_url:
        'https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15',
      imdsv2_session_token_url: `${url}/latest/api/token`,
    },
    containerCredentialsUri: `${url}${containerPath}`,
    instanceArn,
    containerArn,
    accessKeys: () => [...ofInstance.accessKeys(), ...ofContainer.accessKeys()],
    rotateCredentials: () => {
      ofInstance.rotate();
      ofContainer.rotate();
    },
    calls: server.calls,
    fail: server.fail,
    recover: server.recover,
    goDown: server.goDown,
    comeUp: server.comeUp,
    stop: server.stop,
  };
}
