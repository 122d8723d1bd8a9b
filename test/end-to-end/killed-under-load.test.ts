import { afterAll, beforeAll, expect, it } from 'vitest';
import { getToken } from '../../dev/identity-provider/get-token.ts';
import { eventually } from '../../dev/stack/eventually.ts';
import { type Stack, startStack } from '../../dev/stack/start-stack.ts';
import { send } from '../../dev/story/send.ts';
import { describeOnHosts } from './gateways.ts';
import { type Load, type LoadKind, startLoad } from './load.ts';
import { type OpenUpstream, startOpenUpstream } from './open-upstream.ts';
import { withStagingAt } from './with-staging-at.ts';

const PARALLEL = 32;
const KILLS = 20;
const WORKERS = 2;
/** Kong may wait 10 s for an instance whose start a crash has cut off. */
const RECOVERY_MS = 40_000;
/** Node's default backlog, which is the stock plugin server's, is 511. */
const MORE_THAN_A_BACKLOG = 600;
const TASK = '/staging/tasks/7';

describeOnHosts(
  'a plugin server that is killed under load',
  ({ kongBin, pluginServer }) => {
    let upstream: OpenUpstream;
    let stack: Stack;
    let authorization: { Authorization: string };
    let kinds: { anonymous: LoadKind; denied: LoadKind; allowed: LoadKind };

    beforeAll(async () => {
      upstream = await startOpenUpstream();
      const config = withStagingAt(upstream.url);
      stack = await startStack({ kongBin, pluginServer, config, workers: WORKERS });
      const token = await getToken(stack.identityProvider.issuer, {
        user: 'bob',
        expiresInSeconds: 3600,
      });
      authorization = { Authorization: `Bearer ${token}` };
      kinds = {
        anonymous: {
          name: 'anonymous',
          path: `${TASK}?kind=anonymous`,
          fits: ({ status, code }) => status === 401 && code === 'missing_token',
        },
        denied: {
          name: 'denied',
          method: 'POST',
          path: `${TASK}?kind=denied`,
          headers: authorization,
          fits: ({ status, code }) => status === 403 && code === 'policy_denied',
        },
        allowed: {
          name: 'allowed',
          path: `${TASK}?kind=allowed`,
          headers: authorization,
          fits: ({ status }) => status === 200,
        },
      };
    });
    afterAll(async () => {
      await stack?.stop();
      await upstream?.stop();
    });

    /** Requests that reached the service and must not have. */
    function letThrough(): string[] {
      return upstream
        .arrivals()
        .filter(({ path, audience }) => !path.endsWith('kind=allowed') || audience === null)
        .map(({ method, path, audience }) => `${method} ${path}, ID token for ${audience}`);
    }

    /** So that the next kill hits a server that Kong counts on, in the middle of its work. */
    async function served(load: Load): Promise<void> {
      const before = load.fitting.get('allowed') ?? 0;
      await eventually(
        'an allowed request to be served',
        () => (load.fitting.get('allowed') ?? 0) > before || undefined,
        RECOVERY_MS,
      );
    }

    async function killPrimary(): Promise<void> {
      await stack.pluginServer.kill();
      await stack.pluginServer.restart();
    }

    async function killWorker(): Promise<void> {
      await stack.pluginServer.killWorker();
      await eventually('the worker to be replaced', () =>
        stack.pluginServer.workerPids().length === WORKERS ? true : undefined,
      );
    }

    it(`lets nothing through while it is killed ${KILLS} times, and serves afterwards`, async () => {
      const { anonymous, denied, allowed } = kinds;
      const load = startLoad(stack.gateway.url, [anonymous, denied, allowed], PARALLEL);
      try {
        for (let kill = 0; kill < KILLS; kill += 1) {
          await served(load);
          await (kill % 2 === 0 ? killPrimary() : killWorker());
        }
        await served(load);
      } finally {
        await load.stop();
      }
      expect(load.misfits).toEqual([]);
      expect(letThrough()).toEqual([]);
      // Otherwise there was no load, or no kill has hit it.
      for (const count of load.fitting.values()) expect(count).toBeGreaterThan(KILLS);
      expect(load.refused).toBeGreaterThan(0);
      // A connection that nobody serves any more would keep Kong waiting for 60 s.
      expect(load.slowestMs).toBeLessThan(RECOVERY_MS);
      expect(await send(stack.gateway.url, allowed)).toMatchObject({ status: 200 });
    }, 180_000);

    it(`lets nothing through of ${MORE_THAN_A_BACKLOG} requests at once`, async () => {
      const answers = await Promise.all(
        Array.from({ length: MORE_THAN_A_BACKLOG }, (_, index) => {
          const kind = index % 2 === 0 ? kinds.anonymous : kinds.denied;
          return send(stack.gateway.url, kind).then((answer) => ({ kind, answer }));
        }),
      );
      const misfits = answers.filter(
        ({ kind, answer }) => answer.status < 500 && !kind.fits(answer),
      );
      expect(misfits).toEqual([]);
      expect(letThrough()).toEqual([]);
      const judged = answers.filter(({ answer }) => answer.status < 500);
      expect(judged.length).toBeGreaterThan(MORE_THAN_A_BACKLOG / 2);
    }, 60_000);
  },
  ['ours'],
);
