import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { close, listen, localUrl } from '../../dev/google/listen.ts';

export interface Issuer {
  url: string;
  jwksUri: string;
  /** A JWT of this issuer for five minutes, by default an access token for the API of the examples. */
  sign(claims: Record<string, unknown>, typ?: string): Promise<string>;
  stop(): Promise<void>;
}

/** An OpenID Connect issuer that signs whatever claims a test wants. */
export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'example', alg: 'RS256', use: 'sig' }];
  const server = createServer((request, response) => {
    const published = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: jwksUri },
      '/keys': { keys },
    }[request.url ?? ''];
    response.writeHead(published === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(published ?? {}));
  });
  const url = localUrl('127.0.0.1', await listen(server, '127.0.0.1', 0));
  const jwksUri = `${url}/keys`;
  return {
    url,
    jwksUri,
    sign: (claims, typ = 'at+jwt') =>
      new SignJWT({
        iss: url,
        aud: 'https://tasks.example.com',
        client_id: 'example',
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'example', typ })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
    stop: () => close(server),
  };
}
