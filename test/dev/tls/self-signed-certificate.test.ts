import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../dev/tls/self-signed-certificate.ts';

describe('selfSignedCertificate', () => {
  it('makes a certificate that its own key has signed', () => {
    const { cert, key } = selfSignedCertificate({ commonName: 'Täglich & Söhne' });
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).toBe('CN=Täglich & Söhne');
    expect(parsed.issuer).toBe(parsed.subject);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.subjectAltName).toBeUndefined();
  });

  it('makes another key and serial number each time', () => {
    const [first, second] = [1, 2].map(() => selfSignedCertificate({ commonName: 'a' }));
    expect(first?.key).not.toBe(second?.key);
    expect(first?.thumbprint).not.toBe(second?.thumbprint);
    const numbers = [first, second].map(
      (each) => new X509Certificate(each?.cert ?? '').serialNumber,
    );
    expect(new Set(numbers).size).toBe(2);
  });

  it('tells the thumbprint of the bytes that a TLS peer sends', () => {
    const { cert, thumbprint } = selfSignedCertificate({ commonName: 'a' });
    const { raw } = new X509Certificate(cert);
    expect(thumbprint).toBe(createHash('sha256').update(raw).digest('base64url'));
  });

  it('is valid now and for a long time, or when it is told to be', () => {
    const usual = new X509Certificate(selfSignedCertificate({ commonName: 'a' }).cert);
    expect([usual.validFrom, usual.validTo]).toEqual([
      'Jan  1 00:00:00 2000 GMT',
      'Dec 31 23:59:59 2049 GMT',
    ]);
    const { cert } = selfSignedCertificate({
      commonName: 'a',
      notBefore: new Date('1999-02-03T04:05:06.789Z'),
      notAfter: new Date('2051-02-03T04:05:06Z'),
    });
    const told = new X509Certificate(cert);
    expect([told.validFrom, told.validTo]).toEqual([
      'Feb  3 04:05:06 1999 GMT',
      'Feb  3 04:05:06 2051 GMT',
    ]);
  });

  it('can carry so many names that its lengths take two bytes', () => {
    const names = Array.from({ length: 40 }, (_, index) => `host-${index}.example.com`);
    const parsed = new X509Certificate(selfSignedCertificate({ commonName: 'a', names }).cert);
    expect(names.every((name) => parsed.checkHost(name) === name)).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
  });

  it('lets a client that trusts it connect to a server that has it', async () => {
    const { cert, key } = selfSignedCertificate({
      commonName: 'server',
      names: ['localhost', '127.0.0.1'],
    });
    const server = createServer({ cert, key }, (socket) => socket.end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    for (const servername of ['localhost', '']) {
      const socket = connect({ port, host: '127.0.0.1', ca: [cert], servername });
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
      await once(socket.resume(), 'close');
    }
    server.close();
  });
});
