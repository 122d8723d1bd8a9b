import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CertificateFormat,
  certificateThumbprint,
} from '../../../src/authorizer/proof/certificate-thumbprint.ts';
import { countCacheResults } from '../../core/count-cache-results.ts';
import { CLIENT_CERTIFICATE, MTLS_CERTIFICATE } from './certificates.ts';
import { anyText } from './support.ts';

const { base64, thumbprint } = MTLS_CERTIFICATE;
const other = CLIENT_CERTIFICATE;
const hex = (text: string) => Buffer.from(text, 'base64url').toString('hex');
const hash = hex(thumbprint);

function pemOf(der: string, lineBreak = '\n'): string {
  const lines = der.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join(lineBreak);
}

const pem = pemOf(base64);
const escaped = encodeURIComponent(pem);
const der = Buffer.from(base64, 'base64');

/** The other Base64 text of the same bytes, whose last character has bits that mean nothing. */
function otherText(text: string): string {
  const changed = text.replace(/Y=$/, 'Z=');
  expect(Buffer.from(changed, 'base64')).toEqual(Buffer.from(text, 'base64'));
  return changed;
}

describe('a certificate in PEM and URL encoding', () => {
  it.each([
    ['as nginx writes it', escaped],
    ['without a line break at its end', encodeURIComponent(pem.trimEnd())],
    ['with the line breaks of Windows', encodeURIComponent(pemOf(base64, '\r\n'))],
    ['in one line', encodeURIComponent(pem.replace(/(?<=[^-])\n(?=[^-])/g, ''))],
    ['with hex digits in small letters', escaped.replace(/%../g, (each) => each.toLowerCase())],
    ['with only what must be encoded', pem.replaceAll('\n', '%0A').replaceAll(' ', '%20')],
  ])('has the thumbprint of RFC 8705 appendix A: %s', (_what, text) => {
    expect(certificateThumbprint(text, 'pem_urlencoded')).toBe(thumbprint);
  });

  it.each([
    ['nothing', ''],
    ['no encoding', pem],
    ['an encoding of forms', escaped.replaceAll('%20', '+')],
    ['a broken encoding', `${escaped}%`],
    ['an encoding that is not UTF-8', escaped.replace('%0A', '%ff')],
    ['two certificates', encodeURIComponent(pem + pem)],
    ['a chain', encodeURIComponent(pem + pemOf(other.base64))],
    ['text before it', encodeURIComponent(`subject=CN\n${pem}`)],
    ['text after it', encodeURIComponent(`${pem}text`)],
    ['a space in it', encodeURIComponent(pem.replace('MII', 'MII '))],
    ['an empty line in it', encodeURIComponent(pem.replace('\n', '\n\n'))],
    ['no end', encodeURIComponent(pem.slice(0, -10))],
    ['no content', encodeURIComponent(pemOf(''))],
    [
      'a trusted certificate',
      encodeURIComponent(pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')),
    ],
    ['a public key', encodeURIComponent(pem.replaceAll('CERTIFICATE', 'PUBLIC KEY'))],
    ['a private key', encodeURIComponent(pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'))],
    ['another text of the same bytes', encodeURIComponent(pemOf(otherText(base64)))],
    ['padding left out', encodeURIComponent(pemOf(base64.slice(0, -1)))],
    ['the last byte left out', encodeURIComponent(pemOf(der.subarray(0, -1).toString('base64')))],
    [
      'a byte after it',
      encodeURIComponent(pemOf(Buffer.concat([der, Buffer.alloc(1)]).toString('base64'))),
    ],
    [
      'two certificates in one',
      encodeURIComponent(pemOf(Buffer.concat([der, der]).toString('base64'))),
    ],
    ['PEM in PEM', encodeURIComponent(pemOf(Buffer.from(pem).toString('base64')))],
    [
      'a length in more bytes than needed',
      encodeURIComponent(pemOf(longLength(der).toString('base64'))),
    ],
    ['no certificate', encodeURIComponent(pemOf(Buffer.from('certificate').toString('base64')))],
    ['16 KB and more', encodeURIComponent(pemOf('A'.repeat(16_384)))],
    ['a certificate in the form of RFC 9440', `:${base64}:`],
    ['an XFCC element', `Hash=${hash}`],
  ])('is none where it is %s', (_what, text) => {
    expect(certificateThumbprint(text, 'pem_urlencoded')).toBeNull();
  });
});

/** The same certificate in BER: 82 01 06 as 83 00 01 06. */
function longLength(certificate: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x30, 0x83, 0]), certificate.subarray(2)]);
}

describe('a Client-Cert header', () => {
  it('holds the certificate of RFC 9440 appendix A', () => {
    const text = `:${other.base64}:`;
    expect(certificateThumbprint(text, 'rfc9440')).toBe(other.thumbprint);
    expect(certificateThumbprint(`:${base64}:`, 'rfc9440')).toBe(thumbprint);
  });

  it.each([
    ['nothing', ''],
    ['no bytes', '::'],
    ['no colons', base64],
    ['one colon', `:${base64}`],
    ['two certificates', `:${base64}:, :${base64}:`],
    ['two certificates in one', `:${base64}${base64}:`],
    ['a text', `"${base64}"`],
    ['a parameter', `:${base64}:;a=1`],
    ['a space before it', ` :${base64}:`],
    ['a line break after it', `:${base64}:\n`],
    ['a line break in it', `:${base64.slice(0, 64)}\n${base64.slice(64)}:`],
    ['padding left out', `:${base64.slice(0, -1)}:`],
    ['base64url', `:${base64.replaceAll('+', '-').replaceAll('/', '_')}:`],
    ['another text of the same bytes', `:${otherText(base64)}:`],
    ['PEM', `:${Buffer.from(pem).toString('base64')}:`],
    ['URL-encoded PEM', escaped],
    ['16 KB and more', `:${'A'.repeat(16_384)}:`],
  ])('holds none where it is %s', (_what, text) => {
    expect(certificateThumbprint(text, 'rfc9440')).toBeNull();
  });
});

describe('an x-forwarded-client-cert header', () => {
  it.each([
    ['a hash', `Hash=${hash}`],
    ['a hash in capitals', `HASH=${hash.toUpperCase()}`],
    ['a quoted hash', `Hash="${hash}"`],
    ['a certificate', `Cert="${escaped}"`],
    ['both', `Hash=${hash};Cert="${escaped}"`],
    [
      'a chain as well',
      `Hash=${hash};Cert="${escaped}";Chain="${escaped}${encodeURIComponent(pemOf(other.base64))}"`,
    ],
    [
      'all that Envoy can say',
      `By=spiffe://a/b;Hash=${hash};Subject="CN=a,O=\\"b\\";\\\\";URI=spiffe://a/c?d=e;DNS=a.example;DNS=b.example`,
    ],
    ['an empty subject', `Hash=${hash};Subject="";URI=`],
  ])('tells the thumbprint by %s', (_what, text) => {
    expect(certificateThumbprint(text, 'xfcc')).toBe(thumbprint);
  });

  const victim = hex(other.thumbprint);

  it.each([
    ['nothing', ''],
    ['neither hash nor certificate', 'By=spiffe://a/b;Subject="CN=a"'],
    ['a short hash', `Hash=${hash.slice(2)}`],
    ['a hash that is not hex', `Hash=${thumbprint}`],
    ['an empty hash', 'Hash='],
    ['a bad certificate', 'Cert="certificate"'],
    ['a hash with a bad certificate', `Hash=${hash};Cert="certificate"`],
    ['a hash with an empty certificate', `Hash=${hash};Cert=""`],
    ['a hash of another certificate', `Hash=${victim};Cert="${escaped}"`],
    ['two hashes', `Hash=${hash};Hash=${hash}`],
    ['two certificates', `Cert="${escaped}";Cert="${escaped}"`],
    ['two elements', `Hash=${hash},Hash=${hash}`],
    ['two elements of two header lines', `Hash=${victim}, Hash=${hash}`],
    ['an empty second element', `Hash=${hash},`],
    ['an empty first element', `,Hash=${hash}`],
    ['a pair without value', `Hash=${hash};URI`],
    ['a semicolon at the end', `Hash=${hash};`],
    ['spaces', `Hash=${hash}; URI=a`],
    ['an unclosed quote', `Hash=${hash};Subject="CN=a`],
    ['a quote within a value', `Hash=${hash};URI=a"b"`],
    ['something after a quote', `Hash=${hash};Subject="CN=a"b`],
    ['a quote that is escaped at the end', `Hash=${hash};Subject="CN=a\\"`],
    ['16 KB and more', `Hash=${hash};URI=${'a'.repeat(16_384)}`],
    [
      "a name in the client's certificate that says another hash",
      `Hash=${hash};URI=a;Hash=${victim}`,
    ],
    [
      "a name in the client's certificate that says another element",
      `Hash=${hash};URI=a,Hash=${victim}`,
    ],
    [
      "an element of the client's that swallows the true one",
      `Hash=${victim};URI=",By=a;Hash=${hash};URI=";DNS=b`,
    ],
    [
      "a certificate of the client's that swallows the true hash",
      `Cert="${encodeURIComponent(pemOf(other.base64))}";URI=",Hash=${hash};URI=";DNS=b`,
    ],
    ["a hash of the client's that swallows the true certificate", `Hash=${victim};URI=",Cert="`],
    ['URL-encoded PEM', escaped],
  ])('tells none by %s', (_what, text) => {
    expect(certificateThumbprint(text, 'xfcc')).toBeNull();
  });
});

it('parses a certificate once', () => {
  const counted = countCacheResults('client_certificates');
  for (let time = 0; time < 3; time += 1) certificateThumbprint(`:${base64}:`, 'rfc9440');
  expect(counted().hit).toBeGreaterThanOrEqual(2);
  expect(certificateThumbprint(`:${base64.slice(0, -8)}AAAAAAA=:`, 'rfc9440')).not.toBe(thumbprint);
});

it('never has the same thumbprint for two texts of other bytes, nor an exception', () => {
  const format = fc.constantFrom<CertificateFormat>('pem_urlencoded', 'rfc9440', 'xfcc');
  const texts = { pem_urlencoded: escaped, rfc9440: `:${base64}:`, xfcc: `Cert="${escaped}"` };
  fc.assert(
    fc.property(
      format,
      fc.nat(),
      fc.oneof(fc.string({ maxLength: 2 }), anyText),
      (each, at, by) => {
        const text = texts[each];
        const position = at % text.length;
        const changed = `${text.slice(0, position)}${by}${text.slice(position + 1)}`;
        if (certificateThumbprint(changed, each) !== thumbprint) return;
        const bytesOf = (one: string) => one.replace(/%0[ad]|"/gi, '').toLowerCase();
        expect(bytesOf(changed)).toBe(bytesOf(text));
      },
    ),
    { numRuns: 1000 },
  );
});

it('has an answer for any text at all', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const format of ['pem_urlencoded', 'rfc9440', 'xfcc'] as const) {
        expect(certificateThumbprint(text, format)).toBeNull();
      }
    }),
  );
});
