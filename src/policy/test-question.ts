import type { Identity } from '../core/identity.ts';
import type { JsonObject } from '../core/json.ts';
import { readActor } from '../core/read-actor.ts';
import { readStringListClaim } from '../core/read-claim.ts';
import type { Question } from './decide.ts';
import type { PolicyTest } from './document/schema.ts';

/**
 * The question that a test in a policy file asks. Its `identity` holds the claims of a token, read as oidc-authorizer
 * reads them by default: `sub`, `iss`, `email`, `groups`, `scope` or `scp`, and `act`.
 */
export function toQuestion({ given }: PolicyTest): Question {
  const { method, path, host, query, headers, client_ip, body } = given.request;
  return {
    identity: given.identity === null ? null : toIdentity(given.identity),
    request: {
      method,
      path,
      host,
      client_ip,
      ...(body === undefined ? {} : { body: { value: body } }),
      headers: new Map(Object.entries(headers)),
      query: new Map(
        Object.entries(query).map(([name, value]) => [
          name,
          typeof value === 'string' ? [value] : value,
        ]),
      ),
    },
    labels: new Map(Object.entries(given.labels)),
    route: given.route,
    service: given.service,
    // Loading sees to it that a policy that depends on time says the time in each test.
    now: given.now ?? 0,
  };
}

function toIdentity(claims: JsonObject): Identity {
  const { sub, iss, email, email_verified } = claims;
  return {
    subject: text(sub) ?? '',
    issuer: text(iss) ?? '',
    email: email_verified === undefined || email_verified === true ? text(email) : null,
    groups: readStringListClaim(claims, 'groups') ?? [],
    scopes: [
      ...(text(claims.scope)?.split(' ').filter(Boolean) ?? []),
      ...(readStringListClaim(claims, 'scp') ?? []),
    ],
    actor: readActor(claims) ?? null,
    claims,
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
