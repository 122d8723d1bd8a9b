import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import { type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { describeOnHosts } from './gateways.ts';
import { type LoadKind, startLoad } from './load.ts';
import { type Arrival, type OpenUpstream, startOpenUpstream } from './open-upstream.ts';

const PARALLEL = 16;
const RESTARTS = 6;
/** Kong may wait 10 s for an instance whose start a crash has cut off. */
const RECOVERY_MS = 40_000;

interface Answers {
  status: number;
  code: string | null;
}
const OK: Answers = { status: 200, code: null };

/** A route whose three plugins are configured as no other's. */
interface Route {
  name: string;
  isPublic?: boolean;
  audience?: string;
  scope?: string;
  /** Whether its policy allows anything; by default it allows what is under its own path with its own label. */
  allows?: boolean;
  withToken: Answers;
  withoutToken: Answers;
}

const MISSING: Answers = { status: 401, code: 'missing_token' };
const ROUTES: readonly Route[] = [
  { name: 'one', withToken: OK, withoutToken: MISSING },
  { name: 'two', withToken: OK, withoutToken: MISSING },
  { name: 'three', isPublic: true, withToken: OK, withoutToken: OK },
  { name: 'four', isPublic: true, withToken: OK, withoutToken: OK },
  {
    name: 'five',
    scope: 'tasks:admin',
    withToken: { status: 403, code: 'insufficient_scope' },
    withoutToken: MISSING,
  },
  {
    name: 'six',
    audience: 'https://other.example.com',
    withToken: { status: 401, code: 'invalid_token' },
    withoutToken: MISSING,
  },
  {
    name: 'seven',
    allows: false,
    withToken: { status: 403, code: 'policy_denied' },
    withoutToken: MISSING,
  },
];

const idTokenAudience = (route: string) => `https://${route}.run.app`;
const subjectHeader = (route: string) => `x-subject-${route}`;

function policy({ name, allows = true }: Route): string {
  const when = `labels.route == "${name}" && request.path.startsWith("/${name}/")`;
  return stringify({
    version: 1,
    rules: allows ? [{ name: `allow-${name}`, effect: 'allow', when }] : [],
  });
}

function plugins(route: Route): object[] {
  const { name, isPublic = false, audience = 'https://tasks.example.com', scope } = route;
  return [
    {
      name: 'oidc-authorizer',
      config: {
        issuers: [
          { issuer: 'http://127.0.0.1:4000', audiences: [audience], required_typ: 'at+jwt' },
        ],
        claim_headers: { sub: subjectHeader(name) },
        allow_anonymous: isPublic,
        ...(scope === undefined ? {} : { required_scopes: [scope] }),
      },
    },
    {
      name: 'policy-evaluator',
      config: { policy: policy(route), labels: { route: name }, allow_anonymous: isPublic },
    },
    { name: 'cloud-run-token', config: { audience: idTokenAudience(name) } },
  ];
}

function kongYml(url: string): string {
  const routes = ROUTES.map((route) => ({
    name: route.name,
    paths: [`/${route.name}/`],
    strip_path: false,
    plugins: plugins(route),
  }));
  return stringify(
    { _format_version: '3.0', services: [{ name: 'all', url, routes }] },
    { aliasDuplicateObjects: false },
  );
}

/** What is wrong with a request that has reached the service, if anything is. */
function fault({ path, audience, headers }: Arrival): string | undefined {
  const [, name = '', kind = ''] = path.split('/');
  const route = ROUTES.find((candidate) => candidate.name === name);
  const isExpected = kind === 'bob' ? route?.withToken === OK : route?.withoutToken === OK;
  const subjects = Object.entries(headers).filter(([header]) => header.startsWith('x-subject-'));
  const expected = kind === 'bob' ? [[subjectHeader(name), 'bob']] : [];
  const isOwn =
    audience === idTokenAudience(name) && JSON.stringify(subjects) === JSON.stringify(expected);
  return isExpected && isOwn
    ? undefined
    : `${path}, ID token for ${audience}, ${JSON.stringify(subjects)}`;
}

describeOnHosts(
  'a plugin server that is restarted under load, with seven configurations of each plugin',
  ({ kongBin, pluginServer }) => {
    let upstream: OpenUpstream;
    let stack: Stack;
    let kinds: LoadKind[];

    beforeAll(async () => {
      upstream = await startOpenUpstream();
      stack = await startStack({ kongBin, pluginServer, config: kongYml(upstream.url) });
      const { issuer } = stack.identityProvider;
      const token = await getToken(issuer, { user: 'bob', expiresInSeconds: 3600 });
      const headers = { Authorization: `Bearer ${token}` };
      const fits = (expected: Answers) => (answer: Answers) =>
        answer.status === expected.status && answer.code === expected.code;
      kinds = ROUTES.flatMap(({ name, withToken, withoutToken }) => [
        { name: `${name}, bob`, path: `/${name}/bob`, headers, fits: fits(withToken) },
        { name: `${name}, nobody`, path: `/${name}/nobody`, fits: fits(withoutToken) },
      ]);
    });
    afterAll(async () => {
      await stack?.stop();
      await upstream?.stop();
    });

    it("never judges a request by another route's configuration", async () => {
      const load = startLoad(stack.gateway.url, kinds, PARALLEL);
      try {
        for (let restart = 0; restart < RESTARTS; restart += 1) {
          const before = new Map(load.fitting);
          await eventually(
            'each kind of request to be judged',
            () =>
              kinds.every(({ name }) => (load.fitting.get(name) ?? 0) > (before.get(name) ?? 0)) ||
              undefined,
            RECOVERY_MS,
          );
          if (restart < RESTARTS - 1) await stack.pluginServer.restart();
        }
      } finally {
        await load.stop();
      }
      expect(load.misfits).toEqual([]);
      expect(upstream.arrivals().map(fault).filter(Boolean)).toEqual([]);
      expect(load.refused).toBeGreaterThan(0);
    }, 120_000);
  },
  ['ours'],
);
