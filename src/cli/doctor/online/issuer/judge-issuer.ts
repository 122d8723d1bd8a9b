import type { JWK } from 'jose';
import type { IssuerConfig } from '../../../../authorizer/config.ts';
import { isSecureUrl } from '../../../../core/config/fields.ts';
import type { Told } from '../../finding.ts';
import { listed } from '../finding-of-routes.ts';
import { algorithmsOf } from './algorithms-of.ts';
import type { ObservedAnswer } from './observed-answer.ts';
import type { IssuerProbe } from './probe-issuer.ts';

type Judged = Pick<IssuerConfig, 'issuer' | 'jwks_uri' | 'algorithms'>;

/** What is to be said of an issuer: that its tokens can be verified, or why not. */
export function judgeIssuer(config: Judged, probe: IssuerProbe): Told[] {
  const { keys } = probe;
  const told =
    'problem' in keys ? [noKeys(config, probe, keys.problem)] : judgeKeys(config, probe, keys);
  return [...told, ...judgeAddress(config)];
}

function judgeKeys(config: Judged, { answers }: IssuerProbe, keys: readonly JWK[]): Told[] {
  const { issuer, algorithms } = config;
  if (keys.length === 0) {
    const url = answers.at(-1)?.url ?? issuer;
    return [
      error(
        `The key set of ${issuer} has no key that can verify signatures, so every token of it is refused.`,
        `curl -sS ${url}`,
      ),
    ];
  }
  const published = [...new Set(keys.flatMap(algorithmsOf))];
  const fitting = algorithms.filter((algorithm) => published.includes(algorithm));
  if (fitting.length === 0) {
    return [
      error(
        `${issuer} has keys for ${listed(published, 6)}, of which algorithms accepts none, so every token of it is refused.`,
        `algorithms: [${published.join(', ')}]`,
      ),
    ];
  }
  const refused = keys.filter(
    (key) => !algorithmsOf(key).some((algorithm) => fitting.some((one) => one === algorithm)),
  );
  const others = [...new Set(refused.flatMap(algorithmsOf))];
  return [
    {
      check: 'issuer',
      severity: 'ok',
      message: `${issuer} publishes ${keys.length} usable ${keys.length === 1 ? 'key' : 'keys'}, for ${listed(fitting, 6)}.`,
    },
    ...(others.length === 0
      ? []
      : [
          {
            check: 'issuer',
            severity: 'info' as const,
            message: `${issuer} also publishes keys for ${listed(others, 6)}, whose tokens are refused here.`,
            fix: `algorithms: [${[...algorithms, ...others].join(', ')}]`,
          },
        ]),
    ...judgeContentTypes(issuer, answers),
  ];
}

/** Other libraries refuse such an answer; `oidc-authorizer` looks at its content alone. */
function judgeContentTypes(issuer: string, answers: readonly ObservedAnswer[]): Told[] {
  const odd = answers.filter(
    ({ content_type }) => !/^application\/(?:.+\+)?json$/.test(content_type),
  );
  return odd.map(({ url, content_type }) => ({
    check: 'issuer',
    severity: 'info' as const,
    message: `${url} of ${issuer} is answered as ${content_type || 'nothing in particular'} and not as JSON, which it is.`,
  }));
}

function noKeys(config: Judged, probe: IssuerProbe, problem: string): Told {
  const { issuer } = config;
  const last = probe.answers.at(-1);
  const { named_issuer } = probe;
  if (problem === 'the discovery document names another issuer') {
    return anotherIssuer(issuer, named_issuer);
  }
  if (last !== undefined && last.status >= 300 && last.status < 400)
    return redirected(config, last);
  const isPage = last?.status === 200 && /^text\/html$/.test(last.content_type);
  const page = isPage ? ', but an HTML page' : '';
  return error(
    `The keys of ${issuer} cannot be had, so its tokens are answered 503: ${problem}${page}.`,
    fixOf(config, last),
  );
}

function anotherIssuer(issuer: string, named: string | undefined): Told {
  const known = named !== undefined && isSecureUrl(named) && !/[\s"']/.test(named) ? named : null;
  if (known === null) {
    return error(
      `The discovery document of ${issuer} does not say that it is of this issuer.`,
      `curl -sS ${discoveryUrl(issuer)}`,
    );
  }
  if (/[{}]|%7B/i.test(known)) {
    return error(
      `The discovery document of ${issuer} is for any tenant: its issuer is ${known}.`,
      `issuer: ${known.replace(/\{[^}]*\}/g, 'TENANT_ID')}`,
    );
  }
  const isSlash = known.replace(/\/$/, '') === issuer.replace(/\/$/, '');
  const how = isSlash ? ', which differs by the slash at its end' : '';
  return error(
    `The discovery document of ${issuer} names the issuer ${known}${how}. They must be the same, character by character.`,
    `issuer: ${known}`,
  );
}

function redirected({ issuer, jwks_uri }: Judged, { url, status, location }: ObservedAnswer): Told {
  const to = URL.canParse(location, url) ? new URL(location, url).href : '';
  const known = isSecureUrl(to) ? to : undefined;
  const where = known === undefined ? '' : ` to ${known}`;
  const message = `${url} is answered with a redirect (${status})${where}, which is not followed, so there are no keys of ${issuer}.`;
  if (url === jwks_uri) return error(message, `jwks_uri: ${known ?? 'KEY_SET_URL'}`);
  const suffix = '/.well-known/openid-configuration';
  return error(
    message,
    known?.endsWith(suffix) ? `issuer: ${known.slice(0, -suffix.length)}` : 'jwks_uri: KEY_SET_URL',
  );
}

function fixOf({ issuer, jwks_uri }: Judged, last: ObservedAnswer | undefined): string {
  const isDiscovery =
    last !== undefined && jwks_uri === undefined && last.url === discoveryUrl(issuer);
  // Whoever has no discovery document has a key set all the same.
  if (isDiscovery && last.status === 404) return 'jwks_uri: KEY_SET_URL';
  return `curl -sS -i ${last?.url ?? jwks_uri ?? discoveryUrl(issuer)}`;
}

function judgeAddress({ issuer, jwks_uri }: Judged): Told[] {
  const plain = [issuer, jwks_uri ?? ''].find((url) => url.startsWith('http:'));
  if (plain === undefined) return [];
  return [
    {
      check: 'issuer',
      severity: 'info',
      message: `${plain} is plain http on this machine, which is for development alone.`,
    },
  ];
}

function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function error(message: string, fix: string): Told {
  return { check: 'issuer', severity: 'error', message, fix };
}
