import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Aws, AwsOptions } from '../../dev/aws/start-aws.ts';
import type { Issuer } from './start-issuer.ts';

export const POOL =
  'iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/gateway';
export const ACCOUNT = '111122223333';
export const AWS_ROLE = `principalSet://${POOL}/attribute.aws_role/arn:aws:sts::${ACCOUNT}:assumed-role/kong-gateway`;
const POD = 'system:serviceaccount:gateway:kong';
/** What the container's agent wants to see of a pod. */
const POD_TOKEN = 'the-token-of-the-pod';

export interface Machine {
  where: string;
  credentials: string;
  /** Who may have ID tokens of the gateway's account. */
  member: string;
  aws?: AwsOptions;
  /** What the plugin server finds there: variables, and where the addresses of the credentials lead to. */
  surroundings(here: { aws: Aws; issuer: Issuer; directory: string }): Promise<Surroundings>;
}

interface Surroundings {
  environment?: Record<string, string>;
  addresses?: Record<string, string>;
}

export const EC2: Machine = {
  where: 'an EC2 instance, by IMDSv2',
  credentials: 'credentials/aws.json',
  member: AWS_ROLE,
  surroundings: async ({ aws }) => ({ addresses: { 'http://169.254.169.254': aws.url } }),
};

export const MACHINES: readonly Machine[] = [
  EC2,
  {
    where: 'an ECS task',
    credentials: 'credentials/aws.json',
    member: AWS_ROLE,
    surroundings: async ({ aws }) => ({
      environment: {
        AWS_REGION: 'eu-central-1',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: aws.containerCredentialsUri,
      },
    }),
  },
  {
    where: 'a pod with EKS Pod Identity',
    credentials: 'credentials/aws.json',
    member: AWS_ROLE,
    aws: { container: { authorizationToken: POD_TOKEN } },
    surroundings: async ({ aws, directory }) => ({
      environment: {
        AWS_REGION: 'eu-central-1',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: aws.containerCredentialsUri,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: written(directory, 'pod-token', POD_TOKEN),
      },
    }),
  },
  {
    where: "a pod, by the cluster's own token",
    credentials: 'credentials/eks.json',
    member: `principal://${POOL}/subject/${POD}`,
    surroundings: async ({ issuer, directory }) => {
      const token = await issuer.sign({ sub: POD, aud: `https://${POOL}/providers/eks` }, 'JWT');
      return {
        addresses: { '/var/run/secrets/google/token': written(directory, 'token', token) },
      };
    },
  },
];

export function written(directory: string, name: string, text: string): string {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** This machine may be one of AWS's. */
export const NO_AWS = Object.fromEntries(
  [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  ].map((name) => [name, undefined]),
);
