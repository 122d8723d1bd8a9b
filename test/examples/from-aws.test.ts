import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startAws } from '../../dev/aws/start-aws.ts';
import { startCloudRun } from '../../dev/cloud-run/start-cloud-run.ts';
import { startGoogle } from '../../dev/google/start-google.ts';
import { parseCredentials } from '../../src/core/google/credentials/parse-credentials.ts';
import {
  ACCOUNT,
  AWS_ROLE,
  EC2,
  MACHINES,
  type Machine,
  NO_AWS,
  POOL,
  written,
} from './aws-machines.ts';
import { type RunningExample, runExample } from './run-example.ts';
import { examplesNamed, readExample } from './support.ts';

const GATEWAY = 'gateway@example-project.iam.gserviceaccount.com';
const HOST = 'tasks-123456789012.europe-west3.run.app';
const BOB = { sub: 'bob', groups: ['engineering'] };
const FILES = ['aws', 'azure', 'eks', 'executable'].map((name) => `credentials/${name}.json`);

describe.each(FILES)('from-aws/%s', (file) => {
  const text = readExample(`from-aws/${file}`);

  it('is taken as it stands, for the account of the gateway', () => {
    expect(parseCredentials({ text, where: file })).toMatchObject({
      type: 'external_account',
      impersonation: { service_account: GATEWAY },
    });
  });

  it('has no secret in it', () => {
    expect(text).not.toMatch(/private_key|secret"|password|BEGIN/i);
  });

  it('is in the README', () => {
    expect(readExample('from-aws/README.md')).toContain(file);
  });
});

it('has no credentials but those', () => {
  const found = FILES.flatMap((file) => examplesNamed(path.basename(file)));
  expect(found).toEqual(FILES.map((file) => path.join('from-aws', file)));
});

describe('examples/from-aws', () => {
  let running: RunningExample | undefined;
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  /** @param members who may have ID tokens of the gateway's account */
  async function start(machine: Machine, members = [machine.member]): Promise<RunningExample> {
    const directory = mkdtempSync(path.join(tmpdir(), 'aws-'));
    stops.push(() => rmSync(directory, { recursive: true }));
    const aws = await startAws({ accountId: ACCOUNT, role: 'kong-gateway', ...machine.aws });
    stops.push(() => aws.stop());
    return runExample('from-aws', async (issuer) => {
      const google = await startGoogle({
        projectId: 'example-project',
        serviceAccounts: [
          // Of a machine of Google's, which this is not.
          { email: 'nobody@example-project.iam.gserviceaccount.com' },
          { email: GATEWAY, tokenCreators: members },
        ],
        workloadIdentityProviders: [
          {
            audience: `//${POOL}/providers/aws`,
            aws: { accountId: ACCOUNT, accessKeys: aws.accessKeys },
          },
          {
            audience: `//${POOL}/providers/eks`,
            issuer: issuer.url,
            jwksUri: issuer.jwksUri,
          },
        ],
      });
      const { addresses, environment } = await machine.surroundings({ aws, issuer, directory });
      const file = written(
        directory,
        'google-credentials.json',
        relocate(machine.credentials, {
          'https://sts.googleapis.com': google.url,
          'https://iamcredentials.googleapis.com': google.url,
          ...addresses,
        }),
      );
      const service = await startCloudRun({
        service: 'tasks',
        audiences: [`https://${HOST}`],
        hosts: [HOST],
        certsUrl: google.certsUrl,
        invokers: [`serviceAccount:${GATEWAY}`],
      });
      return {
        google,
        services: { [HOST]: service },
        environment: { ...NO_AWS, ...environment, GOOGLE_APPLICATION_CREDENTIALS: file },
      };
    });
  }

  it.each(MACHINES)('reaches the service from $where', async (machine) => {
    running = await start(machine);
    const ask = (claims?: Record<string, unknown>) => running?.ask({ path: '/tasks/7' }, claims);
    expect(await ask()).toMatchObject({ status: 401, code: 'missing_token' });
    expect(await ask({ sub: 'dave', groups: [] })).toMatchObject({
      status: 403,
      code: 'policy_denied',
    });
    const answer = await ask(BOB);
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.body ?? '').invoker).toEqual({
      email: GATEWAY,
      aud: `https://${HOST}`,
    });
  });

  it('asks for an ID token alone, so that the role for ID tokens is enough', async () => {
    running = await start(EC2);
    await running.ask({ path: '/tasks/7' }, BOB);
    const { sts_token, generate_id_token, generate_access_token } = running.google.calls();
    expect({ sts_token, generate_id_token, generate_access_token }).toEqual({
      sts_token: 1,
      generate_id_token: 1,
      generate_access_token: 0,
    });
  });

  it('gets nothing for another role of the same AWS account', async () => {
    running = await start(EC2, [`${AWS_ROLE}-of-somebody-else`]);
    const answer = await running.ask({ path: '/tasks/7' }, BOB);
    expect(answer).toMatchObject({ status: 503, code: 'id_token_unavailable' });
  });
});

/** A file of credentials as it is, but for where things are. */
function relocate(file: string, addresses: Record<string, string>): string {
  let text = readExample(`from-aws/${file}`);
  for (const [address, here] of Object.entries(addresses)) text = text.replaceAll(address, here);
  return text;
}
