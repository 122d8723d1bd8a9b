import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { selfSignedCertificate } from '../../../../dev/tls/self-signed-certificate.ts';
import { boundToken, JKT, presenting, proof } from '../proofs.ts';
import type { RouteName } from '../routes.ts';
import { type Expected, invalidProof, invalidToken, PASSES, type Row } from '../row.ts';
import { TRUSTED_PROXY } from '../scene.ts';
import type { Header, RawRequest } from '../send-raw.ts';

const OWN = selfSignedCertificate({ commonName: 'client' });
/** The same name, another key. */
const OTHER = selfSignedCertificate({ commonName: 'client' });

const WRONG = invalidToken('wrong_certificate');
const MALFORMED = invalidToken('malformed_confirmation');
const BOUND = { 'x5t#S256': OWN.thumbprint };

function derOf(pem: string): Buffer {
  return new X509Certificate(pem).raw;
}

const escaped = (pem: string) => encodeURIComponent(pem);
const byteSequence = (pem: string) => `:${derOf(pem).toString('base64')}:`;
const hashOf = (pem: string) =>
  Buffer.from(new X509Certificate(pem).fingerprint256.replaceAll(':', ''), 'hex').toString('hex');

interface Sent extends Partial<Omit<RawRequest, 'headers'>> {
  headers?: readonly Header[];
  route?: RouteName;
  cnf?: unknown;
}

/** A token that is bound to a certificate, under Bearer. */
function bound(name: string, sent: Sent, expected: Expected): Row {
  const { cnf = BOUND, route = 'plain', headers = [], ...rest } = sent;
  return {
    name,
    route,
    request: (scene) => ({
      ...rest,
      headers: [['Authorization', `Bearer ${boundToken(scene, { cnf })}`], ...headers],
    }),
    expected,
  };
}

/** The same behind a proxy that tells the certificate in a header. */
function told(name: string, value: string, expected: Expected, route: RouteName = 'proxied'): Row {
  return bound(name, { route, headers: [['X-Client-Cert', value]] }, expected);
}

const overTls: Row[] = [
  bound('the certificate that the token is bound to', { tls: OWN }, PASSES),
  bound('no certificate, over TLS', { tls: {} }, WRONG),
  bound('no certificate, over plain HTTP', {}, WRONG),
  bound("another's certificate with the same name", { tls: OTHER }, WRONG),
  bound(
    'its certificate in headers only',
    {
      tls: {},
      headers: [
        ['X-Client-Cert', escaped(OWN.cert)],
        ['Client-Cert', byteSequence(OWN.cert)],
        ['ssl-client-escaped-cert', escaped(OWN.cert)],
        ['ssl_client_escaped_cert', escaped(OWN.cert)],
        ['X-SSL-Client-Cert', escaped(OWN.cert)],
        ['X-Forwarded-Client-Cert', `Hash=${hashOf(OWN.cert)}`],
      ],
    },
    WRONG,
  ),
  bound(
    "its certificate in a header, on a connection with another's",
    { tls: OTHER, headers: [['X-Client-Cert', escaped(OWN.cert)]] },
    WRONG,
  ),
  {
    name: 'a token that is bound to a certificate under DPoP',
    request: (scene) => ({ ...presenting(boundToken(scene, { cnf: BOUND })), tls: OWN }),
    expected: invalidToken('not_bound_to_dpop_key', 'DPoP'),
  },
  bound('a certificate where all tokens must be bound', { route: 'possessed', tls: OWN }, PASSES),
  bound('no certificate where all tokens must be bound', { route: 'possessed' }, WRONG),
  ...[
    ['in hexadecimal', hashOf(OWN.cert)],
    ['with padding', `${OWN.thumbprint}=`],
    ['too short', OWN.thumbprint.slice(0, -1)],
    ['empty', ''],
    ['in a list', [OWN.thumbprint]],
    ['null', null],
  ].map(([what, thumbprint]) =>
    bound(`a thumbprint that is ${what}`, { cnf: { 'x5t#S256': thumbprint }, tls: OWN }, MALFORMED),
  ),
  bound(
    'a SHA-1 thumbprint',
    { cnf: { x5t: OWN.thumbprint.slice(0, 27) }, tls: OWN },
    invalidToken('unknown_confirmation'),
  ),
  bound(
    'a SHA-1 thumbprint besides',
    { cnf: { ...BOUND, x5t: 'x' }, tls: OWN },
    invalidToken('unknown_confirmation'),
  ),
  ...(
    [
      ['both proofs', OWN, true, PASSES],
      ['the DPoP proof and no certificate', {}, true, invalidToken('wrong_certificate', 'DPoP')],
      [
        "the DPoP proof and another's certificate",
        OTHER,
        true,
        invalidToken('wrong_certificate', 'DPoP'),
      ],
      ['the certificate and no DPoP proof', OWN, false, invalidProof('no_proof')],
    ] as const
  ).map(
    ([what, tls, isProved, expected]): Row => ({
      name: `a token that is bound to both keys, with ${what}`,
      request(scene) {
        const token = boundToken(scene, { cnf: { ...BOUND, jkt: JKT } });
        const url = `${scene.stack.gateway.tlsUrl}/plain`;
        const proofs = isProved ? [proof(scene, token, '/plain', { url })] : [];
        return { ...presenting(token, ...proofs), tls };
      },
      expected,
    }),
  ),
];

const byProxies: Row[] = [
  told('the certificate in the header of a trusted proxy', escaped(OWN.cert), PASSES),
  told("another's certificate in that header", escaped(OTHER.cert), WRONG),
  told('nothing in that header', '', WRONG),
  bound('no such header', { route: 'proxied' }, WRONG),
  told('half a certificate in it', escaped(OWN.cert).slice(0, 300), WRONG),
  told('two certificates in it', escaped(OWN.cert + OTHER.cert), WRONG),
  told('the same certificate twice in it', escaped(OWN.cert + OWN.cert), WRONG),
  told('text before the certificate', escaped(`x\n${OWN.cert}`), WRONG),
  told('the certificate without its PEM lines', derOf(OWN.cert).toString('base64'), WRONG),
  told('the thumbprint in place of the certificate', OWN.thumbprint, WRONG),
  bound(
    'that header twice',
    {
      route: 'proxied',
      headers: [
        ['X-Client-Cert', escaped(OWN.cert)],
        ['X-Client-Cert', escaped(OTHER.cert)],
      ],
    },
    WRONG,
  ),
  told('the certificate in the header of anybody else', escaped(OWN.cert), WRONG, 'elsewhere'),
  bound(
    "the header of anybody who claims a trusted proxy's address",
    {
      route: 'elsewhere',
      headers: [
        ['X-Client-Cert', escaped(OWN.cert)],
        ['X-Real-IP', '192.0.2.1'],
        ['X-Forwarded-For', '192.0.2.1'],
        ['Forwarded', 'for=192.0.2.1'],
      ],
    },
    WRONG,
  ),
  bound(
    "the header of a proxy that Kong believes on addresses, and that has another's",
    {
      route: 'elsewhere',
      from: TRUSTED_PROXY,
      headers: [
        ['X-Client-Cert', escaped(OWN.cert)],
        ['X-Real-IP', '192.0.2.1'],
      ],
    },
    WRONG,
  ),
  bound(
    'the certificate of the connection where the proxy is to tell it',
    { route: 'proxied', tls: OWN },
    WRONG,
  ),
  {
    ...bound(
      'the certificate in a header of another spelling, which the proxy may not remove',
      { route: 'proxied', headers: [['X_Client_Cert', escaped(OWN.cert)]] },
      WRONG,
    ),
    onStock: {
      expected: PASSES,
      because: 'it reads headers by nginx variables, in which `_` and `-` are one (SECURITY.md)',
    },
  },
  bound(
    "the certificate in another spelling, beside the proxy's own word",
    {
      route: 'proxied',
      headers: [
        ['X_Client_Cert', escaped(OWN.cert)],
        ['X-Client-Cert', escaped(OTHER.cert)],
      ],
    },
    WRONG,
  ),
  ...[
    ['X-Client-Cert', 'X_Client_Cert', 'x_client-cert'],
    ['X_Client_Cert'],
    ['X-Client_Cert'],
  ].map(
    (names): Row => ({
      name: `${names.join(' and ')}, which no upstream sees`,
      route: 'proxied',
      request: (scene) => ({
        headers: [
          ['Authorization', `Bearer ${scene.token()}`],
          ...names.map((name): Header => [name, escaped(OWN.cert)]),
        ],
      }),
      expected: PASSES,
      upstream: ({ headers }) =>
        expect(Object.keys(headers).filter((name) => /client.cert/.test(name))).toEqual([]),
    }),
  ),
  told('Client-Cert as RFC 9440 has it', byteSequence(OWN.cert), PASSES, 'rfc9440'),
  told('Client-Cert without its colons', byteSequence(OWN.cert).slice(1, -1), WRONG, 'rfc9440'),
  told(
    'Client-Cert as a list',
    `${byteSequence(OWN.cert)}, ${byteSequence(OTHER.cert)}`,
    WRONG,
    'rfc9440',
  ),
  told('PEM in Client-Cert', escaped(OWN.cert), WRONG, 'rfc9440'),
  told('the hash that Envoy tells', `Hash=${hashOf(OWN.cert)};Subject="CN=client"`, PASSES, 'xfcc'),
  told("another's hash", `Hash=${hashOf(OTHER.cert)}`, WRONG, 'xfcc'),
  told(
    'two elements of Envoy',
    `Hash=${hashOf(OWN.cert)},Hash=${hashOf(OTHER.cert)}`,
    WRONG,
    'xfcc',
  ),
  told('two hashes', `Hash=${hashOf(OWN.cert)};Hash=${hashOf(OTHER.cert)}`, WRONG, 'xfcc'),
  told(
    'a hash in a subject',
    `Hash=${hashOf(OTHER.cert)};Subject="CN=a;Hash=${hashOf(OWN.cert)}"`,
    WRONG,
    'xfcc',
  ),
  told(
    'hash and certificate that differ',
    `Hash=${hashOf(OWN.cert)};Cert="${escaped(OTHER.cert)}"`,
    WRONG,
    'xfcc',
  ),
];

/** Tokens that are bound to a client's certificate (RFC 8705). */
export const clientCertificates: Row[] = [...overTls, ...byProxies];
