import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../../../dev/tls/self-signed-certificate.ts';
import { reachEndpoint } from '../../../../../src/cli/doctor/online/issuer/reach-endpoint.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function start(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Says nothing, and writes down what it hears. */
function silentServer(heard: Buffer[] = []): Server {
  return createTcpServer((socket) => {
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('error', () => {});
  });
}

it('opens a connection, sends nothing and closes it', async () => {
  const heard: Buffer[] = [];
  const server = silentServer(heard);
  const port = await start(server);
  expect(await reachEndpoint(`http://127.0.0.1:${port}/introspect`, 2000)).toBeUndefined();
  // It ends once its connections have.
  await new Promise((resolve) => server.close(resolve));
  expect(heard).toEqual([]);
});

it('does not take a certificate that nobody vouches for', async () => {
  const { key, cert } = selfSignedCertificate({ commonName: 'id.test', names: ['127.0.0.1'] });
  const server = createTlsServer({ key, cert });
  server.on('tlsClientError', () => {});
  const port = await start(server);
  expect(await reachEndpoint(`https://127.0.0.1:${port}/`, 2000)).toBe(
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  );
});

it('does not wait for a server that says nothing', async () => {
  const port = await start(silentServer());
  expect(await reachEndpoint(`https://127.0.0.1:${port}/`, 30)).toBe('no connection within 30 ms');
});
