import { randomUUID } from 'node:crypto';
import type { Stack } from '../../../dev/stack/start-stack.ts';
import type { SigningKey } from '../../authorizer/support.ts';
import type { OpenUpstream } from '../open-upstream.ts';
import type { Issuers } from './issuers.ts';
import { KEYS } from './keys.ts';
import { AUDIENCE } from './routes.ts';
import { type RawAnswer, type RawRequest, sendRaw } from './send-raw.ts';
import { type Part, signed } from './sign.ts';

/** The address of which Kong believes `X-Forwarded-…` headers. Linux has all of 127.0.0.0/8. */
export const TRUSTED_PROXY = '127.0.0.2';

export interface TokenChanges {
  key?: SigningKey;
  /** Members in place of the right ones; undefined leaves one out. */
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  /** Edits of the JSON text, for what no object could express. */
  editHeader?: (text: string) => Part;
  editClaims?: (text: string) => Part;
}

/** Where rows play. */
export class Scene {
  readonly stack: Stack;
  readonly issuers: Issuers;
  readonly upstream: OpenUpstream;

  constructor(stack: Stack, issuers: Issuers, upstream: OpenUpstream) {
    this.stack = stack;
    this.issuers = issuers;
    this.upstream = upstream;
  }

  /** Whole seconds since 1970, by the plugins' clock. */
  now(): number {
    return Math.floor(this.stack.clock.now() / 1000);
  }

  advance(seconds: number): void {
    this.stack.clock.set(this.stack.clock.now() + seconds * 1000);
  }

  /** Scheme, host and port of the gateway. */
  get origin(): string {
    return this.stack.gateway.url;
  }

  send(request: RawRequest): Promise<RawAnswer> {
    const { gateway, tlsCertificate: ca } = this.stack;
    const url = request.tls === undefined ? gateway.url : (gateway.tlsUrl ?? '');
    return sendRaw({ port: Number(new URL(url).port), ca }, request);
  }

  claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const now = this.now();
    return {
      iss: this.issuers.a,
      aud: AUDIENCE,
      sub: 'alice',
      exp: now + 300,
      iat: now - 10,
      jti: randomUUID(),
      scope: 'tasks:read tasks:write',
      groups: ['qa-leads', 'staff'],
      email: 'alice@example.com',
      ...changes,
    };
  }

  /** An access token of issuer A that is good but for the changes, and signed in any case. */
  token(changes: TokenChanges = {}): string {
    const { key = KEYS.es, editHeader = (text) => text, editClaims = (text) => text } = changes;
    const header = { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...changes.header };
    return signed(
      key,
      editHeader(JSON.stringify(header)),
      editClaims(JSON.stringify(this.claims(changes.claims))),
    );
  }
}
