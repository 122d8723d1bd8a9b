import { hash, X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { countCacheResult } from '../../core/cache-counters.ts';
import { parseXfccElement } from './parse-xfcc-element.ts';

/**
 * How the hop that ends TLS hands over the client's certificate:
 * - `pem_urlencoded`: PEM in URL encoding, as nginx's `$ssl_client_escaped_cert`;
 * - `rfc9440`: a `Client-Cert` header;
 * - `xfcc`: Envoy's `x-forwarded-client-cert`, with `Hash` or `Cert`.
 */
export type CertificateFormat = 'pem_urlencoded' | 'rfc9440' | 'xfcc';

const MAX_LENGTH = 16_384;

const MOST_CERTIFICATES = 1_000;

/** Thumbprints of DER that has been parsed before. The same thumbprint is the same DER. */
const parsed = new LRUCache<string, true>({ max: MOST_CERTIFICATES });

/**
 * Finds the `x5t#S256` thumbprint of a client certificate (RFC 8705 §3.1): base64url of the SHA-256 of its DER. That the
 * client holds the private key is what the TLS handshake has shown. Who issued the certificate does not matter here (RFC
 * 8705 §6.2), and until when it is valid is for the hop to judge.
 *
 * @param text must come from that hop and never from the client: nothing in it proves anything
 * @returns null for anything but exactly one certificate
 */
export function certificateThumbprint(text: string, format: CertificateFormat): string | null {
  if (text.length > MAX_LENGTH) return null;
  switch (format) {
    case 'pem_urlencoded':
      return pemThumbprint(text);
    case 'rfc9440':
      return derThumbprint(/^:([^:]+):$/.exec(text)?.[1]);
    case 'xfcc':
      return xfccThumbprint(text);
  }
}

/** Envoy always says `Hash`, and `Cert` where it is told to; two that differ would be of two certificates. */
function xfccThumbprint(text: string): string | null {
  const { hash: hex, cert } = parseXfccElement(text) ?? {};
  const ofCert = cert === undefined ? undefined : pemThumbprint(cert);
  if (hex === undefined) return ofCert ?? null;
  if (!/^[0-9a-f]{64}$/i.test(hex)) return null;
  const ofHash = Buffer.from(hex, 'hex').toString('base64url');
  return ofCert === undefined || ofCert === ofHash ? ofHash : null;
}

const PEM =
  /^-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END CERTIFICATE-----(?:\r?\n)?$/;

function pemThumbprint(urlEncoded: string): string | null {
  if (!/^[!-~]+$/.test(urlEncoded)) return null;
  let pem: string;
  try {
    pem = decodeURIComponent(urlEncoded);
  } catch {
    return null;
  }
  return derThumbprint(PEM.exec(pem)?.[1]?.replace(/[\r\n]/g, ''));
}

function derThumbprint(base64: string | undefined): string | null {
  if (base64 === undefined) return null;
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) return null;
  const thumbprint = hash('sha256', der, 'base64url');
  const isKnown = parsed.get(thumbprint) === true;
  if (!isKnown && !isCertificate(der)) return null;
  countCacheResult('client_certificates', isKnown ? 'hit' : 'miss');
  parsed.set(thumbprint, true);
  return thumbprint;
}

/** Whether these bytes are one certificate in DER and nothing else: Node would also find one in PEM, and read no further. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}
