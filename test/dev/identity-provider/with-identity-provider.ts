import { afterAll, beforeAll } from 'vitest';
import {
  type IdentityProvider,
  startIdentityProvider,
} from '../../../dev/identity-provider/start-identity-provider.ts';

/** Runs one identity provider for all tests of a file. */
export function withIdentityProvider(): { readonly issuer: string; rotateKeys: RotateKeys } {
  let provider: IdentityProvider | undefined;
  const running = () => {
    if (provider === undefined) {
      throw new Error('the identity provider is not running');
    }
    return provider;
  };

  beforeAll(async () => {
    provider = await startIdentityProvider();
  });
  afterAll(() => provider?.stop());

  return {
    get issuer() {
      return running().issuer;
    },
    rotateKeys: (options) => running().rotateKeys(options),
  };
}

type RotateKeys = IdentityProvider['rotateKeys'];

/** `POST`s a form to an endpoint that answers in JSON. */
export async function postForm(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

export function basic(client: string, secret: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` };
}
