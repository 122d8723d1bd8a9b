import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Makes an authority, and a certificate for `redis.test` and 127.0.0.1, in a new folder. */
export function createCertificates(): { folder: string; ca: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'redis-certificates-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority'],
    ...['-keyout', 'ca.key', '-out', 'ca.crt'],
  );
  openssl(
    ...['req', ...newKey, '-subj', '/CN=redis.test'],
    ...['-keyout', 'server.key', '-out', 'server.csr'],
  );
  writeFileSync(path.join(folder, 'names'), 'subjectAltName=DNS:redis.test,IP:127.0.0.1\n');
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key'],
    ...['-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.crt'],
  );
  return { folder, ca: readFileSync(path.join(folder, 'ca.crt'), 'utf8') };
}
