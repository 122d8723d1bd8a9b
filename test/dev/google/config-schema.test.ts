import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../dev/google/config-schema.ts';
import { startGoogle } from '../../../dev/google/start-google.ts';

const POOL = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers';
const CONFIG = {
  serviceAccounts: [{ email: 'a@b.example', tokenCreators: ['alice@example.com'] }],
  users: [
    { email: 'alice@example.com', clientId: 'c', clientSecret: 's', refreshToken: '1//alice' },
  ],
  workloadIdentityProviders: [
    { audience: `${POOL}/oidc`, issuer: 'https://issuer.example' },
    {
      audience: `${POOL}/aws`,
      aws: {
        accountId: '123456789012',
        accessKeys: [
          { accessKeyId: 'AKIA1', secretAccessKey: 's', arn: 'arn:aws:iam::123456789012:user/a' },
        ],
      },
    },
  ],
  cloudRunServices: [{ name: 'projects/p/locations/l/services/tasks', labels: { env: 'test' } }],
  cloudRunInvokers: ['a@b.example'],
};

describe('the configuration file', () => {
  it('holds what startGoogle takes', async () => {
    const google = await startGoogle(configSchema.parse(CONFIG));
    try {
      expect(google.defaultServiceAccount).toBe('a@b.example');
      expect(google.authorizedUser('alice@example.com').refresh_token).toBe('1//alice');
    } finally {
      await google.stop();
    }
  });

  it.each([
    { ...CONFIG, host: '0.0.0.0' },
    { users: [{ email: 'alice@example.com' }] },
    { workloadIdentityProviders: [{ audience: `${POOL}/none` }] },
    { workloadIdentityProviders: [{ audience: POOL, aws: { accountId: '1', accessKeys: [] } }] },
  ])('holds nothing else: %j', (config) => {
    expect(configSchema.safeParse(config).success).toBe(false);
  });
});
