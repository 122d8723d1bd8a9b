import type { Finding } from '../finding.ts';
import { findingOfRoutes, listed } from './finding-of-routes.ts';
import type { TokenFailure } from './google/describe-failure.ts';
import { plainReason } from './google/failure-kind.ts';
import { judgeCredentialKind } from './google/judge-credential-kind.ts';
import { judgeIdToken } from './google/judge-id-token.ts';
import type { RouteCredentials, Sender, TokenRoute } from './google/sender.ts';
import { tellFailures } from './google/tell-failures.ts';
import { tellUnusableCredentials } from './google/tell-unusable-credentials.ts';
import { groupBy } from './group-by.ts';
import type { Lookups } from './lookups.ts';

type Usable = Extract<RouteCredentials, { outcome: 'usable' }>;
type UsableRoute = TokenRoute & { credentials: Usable };
type Asks = Pick<Lookups, 'tokenRoutes' | 'accessToken' | 'idToken' | 'metadataAccount'>;

/**
 * The check `credentials`: who the gateway is to Google on each route, and whether the tokens that it needs can be had
 * now, by the code that fetches them while requests are served.
 */
export async function checkCredentials(lookups: Asks): Promise<Finding[]> {
  const { tokenRoutes } = lookups;
  const usable = tokenRoutes.filter(isUsable);
  const byCredential = groupBy(usable, ({ credentials }) => credentials.base.credential);
  const looked = await Promise.all(
    [...byCredential.values()].map((routes) => checkCredential(routes, lookups)),
  );
  return [
    ...tellUnusableCredentials(tokenRoutes),
    ...looked.flatMap(({ findings }) => findings),
    ...tellFailures(looked.flatMap(({ failures }) => failures)),
  ];
}

interface Looked {
  findings: Finding[];
  failures: TokenFailure[];
}

/** @param routes all that use one credential, at least one */
async function checkCredential(routes: readonly UsableRoute[], lookups: Asks): Promise<Looked> {
  const [first] = routes;
  if (first === undefined) return { findings: [], failures: [] };
  const { found, base } = first.credentials;
  const names = routes.map(({ name }) => name);
  const access = await lookups.accessToken(base);
  // What impersonates by this credential would fail for the same reason.
  const senders = routes.flatMap((route) =>
    route.credentials.senders
      .filter(({ impersonated }) => access.outcome === 'minted' || impersonated === undefined)
      .map((sender) => ({ route, sender })),
  );
  const bySender = groupBy(senders, ({ sender }) => sender.id_tokens.credential);
  const looked = await Promise.all(
    [...bySender.values()].map((uses) => checkSender(uses, lookups)),
  );
  const failures = looked.flatMap((one) => one.failures);
  if (access.outcome === 'failed') {
    const [own, ...others] = failures;
    const failure: TokenFailure = own ?? {
      found,
      routes: [],
      impersonated: undefined,
      delegates: [],
      attached: await attachedTo(found, lookups),
      what: 'access token',
      reason: plainReason(access.reason),
      severity: isAccessTokenNeeded(routes) ? 'error' : 'warning',
    };
    // A credential that gives neither token fails once, and for all.
    failures.splice(0, failures.length, { ...failure, routes: names }, ...others);
  }
  const findings = judgeCredentialKind(found).map((told) => findingOfRoutes(names, told));
  return { findings: [...findings, ...looked.flatMap((one) => one.findings)], failures };
}

/** To impersonate. Otherwise it is for live context alone, and a service is invoked without one. */
function isAccessTokenNeeded(routes: readonly UsableRoute[]): boolean {
  return routes.some(({ credentials }) =>
    credentials.senders.some(({ impersonated }) => impersonated !== undefined),
  );
}

/** @param uses of one account by one credential, at least one */
async function checkSender(
  uses: readonly { route: UsableRoute; sender: Sender }[],
  lookups: Asks,
): Promise<Looked> {
  const [first] = uses;
  if (first === undefined) return { findings: [], failures: [] };
  const { sender, route } = first;
  const { found } = route.credentials;
  const attached = await attachedTo(found, lookups);
  const byAudience = groupBy(uses, (use) => use.route.audience ?? '');
  byAudience.delete('');
  const minted: string[] = [];
  const looked = await Promise.all(
    [...byAudience].map(async ([audience, group]): Promise<Looked> => {
      const routes = group.map((use) => use.route.name);
      const token = await lookups.idToken({ source: sender.id_tokens, audience });
      if (token.outcome === 'failed') {
        const { impersonated } = sender;
        const { delegates } = route.config;
        const reason = plainReason(token.reason);
        const failure = { routes, found, impersonated, delegates, attached, reason };
        return { findings: [], failures: [{ ...failure, what: 'ID token', severity: 'error' }] };
      }
      const problems = judgeIdToken(token, sender.email ?? attached, sender.id_tokens.account);
      if (problems.length === 0) minted.push(audience);
      return { findings: problems.map((told) => findingOfRoutes(routes, told)), failures: [] };
    }),
  );
  const account = sender.email ?? attached ?? sender.id_tokens.account;
  const ok: Finding[] =
    minted.length === 0
      ? []
      : [
          findingOfRoutes(
            uses.map((use) => use.route.name),
            {
              check: 'credentials',
              severity: 'ok',
              message: `${account}, by ${found.origin}: there are ID tokens for ${listed(minted)}.`,
            },
          ),
        ];
  return {
    findings: [...ok, ...looked.flatMap(({ findings }) => findings)],
    failures: looked.flatMap(({ failures }) => failures),
  };
}

/** The account of the machine, where the credentials are those of the machine. */
async function attachedTo(
  { credentials }: Usable['found'],
  { metadataAccount }: Asks,
): Promise<string | undefined> {
  const isAttached =
    credentials.type === 'metadata_server' ||
    (credentials.type === 'impersonated_service_account' &&
      credentials.source.type === 'metadata_server');
  return isAttached ? metadataAccount() : undefined;
}

function isUsable(route: TokenRoute): route is UsableRoute {
  return route.credentials.outcome === 'usable';
}
