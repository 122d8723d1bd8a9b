import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/config-error.ts';
import { parseCredentials } from '../../../../src/core/google/credentials/parse-credentials.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { rsaPrivateKey, serviceAccountKey, thrownBy } from '../../../cloud-run/support.ts';

const parse = (json: JsonObject) =>
  parseCredentials({ text: JSON.stringify(json), where: 'config.credentials' });

const pem = { type: 'pkcs8', format: 'pem' } as const;
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();

describe('a service account key', () => {
  it('is read with the members that matter', () => {
    expect(parse(serviceAccountKey({ project_id: 'demo' }))).toEqual({
      type: 'service_account',
      client_email: 'gateway@demo.iam.gserviceaccount.com',
      private_key: rsaPrivateKey(),
      token_uri: 'https://oauth2.googleapis.com/token',
    });
  });

  it("uses Google's token endpoint where the key names none", () => {
    const { token_uri: _, ...rest } = serviceAccountKey();
    expect(parse(rest)).toHaveProperty('token_uri', 'https://oauth2.googleapis.com/token');
  });

  it.each([
    [{ type: 'gdch_service_account' }, 'type gdch_service_account is not supported'],
    [{ type: 'something else' }, 'is not a Google credential that is supported'],
    [{ type: null }, 'is not a Google credential that is supported'],
    [{ client_email: 'nobody' }, 'client_email must be an email address'],
    [{ client_email: 'a@b\nforged log line' }, 'client_email must be an email address'],
    [{ private_key: 'none' }, 'private_key must be an RSA private key in PEM'],
    [{ private_key: ecKey }, 'private_key must be an RSA private key in PEM'],
    [{ private_key: 7 }, 'private_key must be an RSA private key in PEM'],
    [{ token_uri: 'http://oauth2.example.com/token' }, 'token_uri must be an https URL'],
    [{ token_uri: 'file:///etc/passwd' }, 'token_uri must be an https URL'],
    [{ token_uri: null }, 'token_uri must be an https URL'],
  ])('is refused with %j', (changes, problem) => {
    const error = thrownBy(() => parse(serviceAccountKey(changes)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(`config.credentials: ${problem}`);
  });

  it('lists every problem at once', () => {
    const error = thrownBy(() => parse(serviceAccountKey({ client_email: '', private_key: '' })));
    expect(error).toMatchObject({ problems: { length: 2 } });
  });

  it('is never quoted in an error, not even where its JSON is broken', () => {
    const secret = rsaPrivateKey().slice(60, 90);
    const broken = JSON.stringify(serviceAccountKey()).slice(0, -1);
    const wrong = JSON.stringify(serviceAccountKey({ token_uri: 'http://x', client_email: '' }));
    for (const text of [broken, wrong, `[${wrong}]`]) {
      const error = thrownBy(() => parseCredentials({ text, where: 'here' }));
      expect(error).toBeInstanceOf(ConfigError);
      expect(JSON.stringify([String(error), error])).not.toContain(secret);
    }
  });
});
