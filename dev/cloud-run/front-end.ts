import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWK, JWTPayload } from 'jose';
import type { Clock } from '../../src/core/clock.ts';
import type { IngressTraffic } from '../google/cloud-run-services.ts';
import { authenticateIapUser } from './authenticate-iap-user.ts';
import { authenticateInvoker } from './authenticate-invoker.ts';
import { sendErrorPage, sendIapPage, sendUnknownHostPage } from './error-page.ts';
import { type ForwardedHeaders, forwardHeaders } from './forward-headers.ts';
import { createIapAssertions } from './iap-assertion.ts';
import { createTokenRevocation, type TokenRevocation } from './token-revocation.ts';
import { createIdTokenVerifier } from './verify-id-token.ts';

export interface IapOptions {
  /** the `aud` of the ID tokens it takes: an OAuth client id */
  audience: string;
  /** members with roles/iap.httpsResourceAccessor; default is the service's invokers */
  accessors?: readonly string[];
  /** false is a service whose policy forgot IAP's service agent: Cloud Run refuses all that IAP lets through */
  agentMayInvoke?: boolean;
  /** `aud` of the assertion; default `/projects/123456789012/locations/europe-west1/services/{service}` */
  resource?: string;
}

export interface FrontEndOptions {
  service: string;
  /** the service URL and any custom audiences */
  audiences: readonly string[];
  certsUrl: string;
  /** members with roles/run.invoker, as in an IAM policy or as a bare email; `allUsers` makes a service public */
  invokers: readonly string[];
  /** the Host headers that lead to this service, in lower case, with or without a port; default any */
  hosts?: readonly string[];
  /** every client of this stand-in calls from the internet; default INGRESS_TRAFFIC_ALL */
  ingress?: IngressTraffic;
  /** Identity-Aware Proxy, enabled on the service itself */
  iap?: IapOptions;
}

/** What the app gets of a request that came through. */
export interface Admitted {
  headers: ForwardedHeaders;
  claims: JWTPayload | undefined;
}

export interface FrontEnd {
  /** @returns undefined for a request that it answered itself */
  admit(request: IncomingMessage, response: ServerResponse): Promise<Admitted | undefined>;
  revocation: TokenRevocation;
  iapKeys: JWK[];
}

/**
 * Everything of Google's that stands between a client and the app, in Google's order: Host, ingress, IAP, IAM. IAP
 * goes first of the last two and calls the service as itself
 * (cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run).
 */
export async function createFrontEnd(options: FrontEndOptions, clock: Clock): Promise<FrontEnd> {
  const { service, certsUrl, invokers, iap, ingress = 'INGRESS_TRAFFIC_ALL' } = options;
  const { resource = `/projects/123456789012/locations/europe-west1/services/${service}` } =
    iap ?? {};
  const revocation = createTokenRevocation();
  const verify = revocation.watch(createIdTokenVerifier(certsUrl, options.audiences, clock));
  const verifyForIap =
    iap && revocation.watch(createIdTokenVerifier(certsUrl, [iap.audience], clock));
  const assertions = iap && (await createIapAssertions(resource, clock));

  async function admit(request: IncomingMessage, response: ServerResponse) {
    const received = request.headersDistinct;
    const path = request.url?.split('?', 1)[0] ?? '/';
    const host = request.headers.host?.toLowerCase() ?? '';
    const address = request.socket.remoteAddress ?? '127.0.0.1';
    if (!isHostOf(options.hosts, host)) {
      if (/\.run\.app(:\d+)?$/.test(host)) return sendErrorPage(response, 404, path);
      return sendUnknownHostPage(response, path);
    }
    if (ingress !== 'INGRESS_TRAFFIC_ALL') return sendErrorPage(response, 404, path);

    if (iap && verifyForIap && assertions) {
      const policy = { accessors: iap.accessors ?? invokers, verify: verifyForIap };
      const user = await authenticateIapUser(request.method ?? 'GET', received, policy);
      if (user.outcome === 'deny') {
        return sendIapPage(response, user.status, user.detail, iap.audience);
      }
      if (iap.agentMayInvoke === false) return sendErrorPage(response, 403, path);
      const rest = Object.fromEntries(
        Object.entries(received).filter(
          ([name]) => !name.startsWith('x-goog-') && name !== 'x-serverless-authorization',
        ),
      );
      const told = { ...rest, ...(await assertions.headersFor(user.claims)) };
      return { headers: forwardHeaders(told, undefined, address), claims: user.claims };
    }

    const verdict = await authenticateInvoker(received, { invokers, verify });
    if (verdict.outcome === 'deny') return sendErrorPage(response, verdict.status, path);
    const headers = forwardHeaders(received, verdict.header, address);
    return { headers, claims: verdict.claims };
  }

  return {
    admit: async (request, response) => (await admit(request, response)) ?? undefined,
    revocation,
    iapKeys: assertions?.keys ?? [],
  };
}

function isHostOf(hosts: readonly string[] | undefined, host: string): boolean {
  return hosts === undefined || hosts.includes(host) || hosts.includes(host.replace(/:\d+$/, ''));
}
