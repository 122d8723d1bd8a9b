import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { close, listen } from '../../../dev/google/listen.ts';
import { keySetOfA, keySetOfB, MANY_KEYS } from './keys.ts';

/** Answers a question about a token. */
export type Introspection = (response: ServerResponse) => void;

export interface Issuers {
  /** Has keys of every kind. */
  a: string;
  /** Has other keys than A, under the same names. */
  b: string;
  /** Has A's keys, and is asked about tokens that are no JWT. */
  c: string;
  /** Has many keys, which a token without `kid` does not tell apart. */
  many: string;
  /** Its server hangs up. */
  down: string;
  /** Its discovery document is that of A. */
  liar: string;
  /** Its discovery redirects to that of A. */
  redirecting: string;
  /** Its key set holds nothing that could verify a signature. */
  keyless: string;
  /** In no configuration, though its keys are there to be found. */
  evil: string;
  introspectionEndpoint: string;
  /** A new opaque token of C, and what C will say about it. */
  opaqueToken(introspection: Introspection): string;
  /** What C says of a text of one's own, such as a JWT. */
  knows(token: string, introspection: Introspection): void;
  /** The paths that have been asked for. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

const DISCOVERY = '/.well-known/openid-configuration';

/** Starts every issuer of the suite, each under a path of one server on loopback. */
export async function startIssuers(): Promise<Issuers> {
  const requests: string[] = [];
  const introspections = new Map<string, Introspection>();
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response).catch(() => response.destroy());
  });
  const base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0)}`;

  const discovery = (issuer: string, keys = issuer) =>
    json({ issuer: `${base}/${issuer}`, jwks_uri: `${base}/${keys}/jwks` });
  const documents: Record<string, Introspection> = {
    [`/a${DISCOVERY}`]: discovery('a'),
    '/a/jwks': json(keySetOfA()),
    [`/b${DISCOVERY}`]: discovery('b'),
    '/b/jwks': json(keySetOfB()),
    [`/many${DISCOVERY}`]: discovery('many'),
    '/many/jwks': json({ keys: MANY_KEYS.map(({ jwk }) => jwk) }),
    [`/c${DISCOVERY}`]: discovery('c', 'a'),
    [`/liar${DISCOVERY}`]: discovery('a'),
    [`/redirecting${DISCOVERY}`]: redirect(`${base}/a${DISCOVERY}`),
    [`/keyless${DISCOVERY}`]: discovery('keyless'),
    '/keyless/jwks': json({ keys: [{ kty: 'oct', kid: 'es', k: 'AAAA' }] }),
    [`/evil${DISCOVERY}`]: discovery('evil', 'b'),
    '/evil/jwks': json(keySetOfB()),
    // Whoever followed the redirect of an introspection endpoint would get in.
    '/everybody': json({ active: true, iss: `${base}/c`, aud: '*', sub: 'mallory' }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === '/c/introspect') {
      const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      (introspections.get(form.get('token') ?? '') ?? json({ active: false }))(response);
      return;
    }
    const document = documents[path];
    if (document === undefined) response.destroy();
    else document(response);
  }

  function opaqueToken(introspection: Introspection): string {
    const token = `opaque-${randomUUID()}`;
    introspections.set(token, introspection);
    return token;
  }

  const url = (name: string) => `${base}/${name}`;
  return {
    ...{ a: url('a'), b: url('b'), c: url('c'), many: url('many'), evil: url('evil') },
    ...{ down: url('down'), liar: url('liar') },
    ...{ redirecting: url('redirecting'), keyless: url('keyless') },
    introspectionEndpoint: url('c/introspect'),
    opaqueToken,
    knows: (token, introspection) => introspections.set(token, introspection),
    requests: () => requests,
    stop: () => close(server),
  };
}

export function json(value: unknown, status = 200): Introspection {
  return text(JSON.stringify(value), status);
}

/** A body as it stands, called JSON whatever it is. */
export function text(body: string | Buffer, status = 200): Introspection {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  };
}

export function redirect(location: string): Introspection {
  return (response) => {
    response.writeHead(302, { location });
    response.end();
  };
}
