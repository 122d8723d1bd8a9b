import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createProvider } from './create-provider.ts';
import { createMemoryAdapter } from './memory-adapter.ts';
import { type SecurityEvent, signSecurityEvent } from './security-events.ts';
import { generateSigningKeys } from './signing-keys.ts';

export interface IdentityProviderOptions {
  /** The address to listen on; 127.0.0.1 by default. */
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** The `iss` of every token; `http://127.0.0.1:<port>` by default. */
  issuer?: string;
}

export interface IdentityProvider {
  issuer: string;
  port: number;
  /**
   * Signs with new keys from now on. The old ones stay in the key set, so that their tokens still
   * verify, unless `keepPrevious` is false.
   */
  rotateKeys(options?: { keepPrevious?: boolean }): Promise<void>;
  /** Signs a Security Event Token with the key that signs tokens now. Nobody is sent it. */
  signSecurityEvent(event: SecurityEvent): Promise<string>;
  /** Closes every connection. */
  stop(): Promise<void>;
}

/**
 * Starts an OpenID Provider for development and test: whoever reaches it gets a token for any user.
 * It is the certified oidc-provider with fixed clients (`clients.ts`), users (`users.ts`) and
 * resources (`resources.ts`), and with keys made at start and kept in memory.
 *
 * Besides the endpoints in its discovery document there are `GET /health` and
 * `POST /dev/rotate-keys`. Those in the discovery document are named after the host that the request
 * was sent to; the issuer is always the same.
 *
 * @throws when the port is taken
 */
export async function startIdentityProvider(
  options: IdentityProviderOptions = {},
): Promise<IdentityProvider> {
  const { host = '127.0.0.1' } = options;
  let keys = await generateSigningKeys();
  let handle: RequestListener = (_request, response) => {
    response.writeHead(503).end();
  };

  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}\n');
    } else if (request.method === 'POST' && request.url === '/dev/rotate-keys') {
      rotateKeys().then(
        () => response.writeHead(204).end(),
        () => response.writeHead(500).end(),
      );
    } else {
      handle(request, response);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  const issuer = options.issuer ?? `http://127.0.0.1:${port}`;
  const adapter = createMemoryAdapter();
  const cookieKeys = [randomBytes(32).toString('base64url')];

  function serve(): void {
    handle = createProvider({ issuer, keys, adapter, cookieKeys }).callback();
  }

  async function rotateKeys({ keepPrevious = true } = {}): Promise<void> {
    const fresh = await generateSigningKeys();
    keys = keepPrevious ? [...fresh, ...keys] : fresh;
    serve();
  }

  function stop(): Promise<void> {
    if (!server.listening) return Promise.resolve();
    return new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
      server.closeAllConnections();
    });
  }

  try {
    serve();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    issuer,
    port,
    rotateKeys,
    signSecurityEvent: (event) => signSecurityEvent(issuer, keys, event),
    stop,
  };
}
