import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface CertificateOptions {
  commonName: string;
  /** DNS names and IPv4 addresses that a server with this certificate answers to. */
  names?: readonly string[];
  /** 2000-01-01 by default: TLS goes by the machine's own time, whatever day a story is told on. */
  notBefore?: Date;
  /** The end of 2049 by default. */
  notAfter?: Date;
}

export interface Certificate {
  /** PEM */
  cert: string;
  /** PEM, PKCS #8 */
  key: string;
  /** What `x5t#S256` says of it (RFC 8705, section 3.1): the SHA-256 of its DER, base64url. */
  thumbprint: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** Of a GeneralName, RFC 5280, section 4.2.1.6. */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

// Whole OBJECT IDENTIFIERs, in the order in which a certificate has them.
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');

/**
 * Makes a P-256 key and a certificate that it signs itself (RFC 5280). For development and test
 * only: nobody vouches for it.
 */
export function selfSignedCertificate({
  commonName,
  names = [],
  notBefore = new Date('2000-01-01T00:00:00Z'),
  notAfter = new Date('2049-12-31T23:59:59Z'),
}: CertificateOptions): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName)))),
  );
  const version3 = der(0xa0, der(INTEGER, Buffer.of(2)));
  // The first byte keeps the number positive and without leading zeros.
  const serialNumber = der(INTEGER, Buffer.of(0x40), randomBytes(15));
  const validity = der(SEQUENCE, time(notBefore), time(notAfter));
  const subjectPublicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const parts = [version3, serialNumber, algorithm, name, validity, name, subjectPublicKeyInfo];
  if (names.length > 0) parts.push(subjectAltNames(names));

  const toBeSigned = der(SEQUENCE, ...parts);
  const signature = sign('sha256', toBeSigned, privateKey);
  const bytes = der(
    SEQUENCE,
    toBeSigned,
    algorithm,
    // No bit of the last byte is unused.
    der(BIT_STRING, Buffer.of(0), signature),
  );
  return {
    cert: new X509Certificate(bytes).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    thumbprint: createHash('sha256').update(bytes).digest('base64url'),
  };
}

function subjectAltNames(names: readonly string[]): Buffer {
  const generalNames = names.map((name) =>
    isIPv4(name)
      ? der(IP_ADDRESS, Buffer.from(name.split('.').map(Number)))
      : der(DNS_NAME, Buffer.from(name, 'ascii')),
  );
  const value = der(OCTET_STRING, der(SEQUENCE, ...generalNames));
  return der(0xa3, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, value)));
}

/** Two digits of the year up to 2049 and four from then on, as RFC 5280, section 4.1.2.5, demands. */
function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/\.\d+|[-:T]/g, '');
  return at.getUTCFullYear() < 2050
    ? der(UTC_TIME, Buffer.from(digits.slice(2)))
    : der(GENERALIZED_TIME, Buffer.from(digits));
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | size.length), size, content]);
}
