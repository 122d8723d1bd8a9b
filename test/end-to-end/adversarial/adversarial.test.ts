import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStack } from '../../../dev/stack/start-stack.ts';
import { describeOnHosts } from '../gateways.ts';
import { startOpenUpstream } from '../open-upstream.ts';
import { type Issuers, startIssuers } from './issuers.ts';
import { boundToken, presenting, proof } from './proofs.ts';
import { kongYml } from './routes.ts';
import type { Expected, Row } from './row.ts';
import { DPOP_ROWS, ROWS } from './rows.ts';
import { Scene, TRUSTED_PROXY } from './scene.ts';
import type { RawAnswer } from './send-raw.ts';

it('has many rows, no two of one name', () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(120);
  expect(new Set(ROWS.map(([name]) => name)).size).toBe(ROWS.length);
  expect(DPOP_ROWS.length).toBeGreaterThanOrEqual(25);
});

describeOnHosts('the adversarial table', ({ kongBin, pluginServer }) => {
  const stops: (() => Promise<void>)[] = [];
  let scene: Scene;
  /** What had reached the upstream when the last row was over. */
  let arrivals = 0;

  beforeAll(async () => {
    const issuers: Issuers = await startIssuers();
    stops.push(issuers.stop);
    const upstream = await startOpenUpstream();
    stops.push(upstream.stop);
    const stack = await startStack({
      kongBin,
      pluginServer,
      config: kongYml(issuers, upstream.url),
      tls: true,
      trustedIps: [TRUSTED_PROXY],
    });
    stops.push(stack.stop);
    scene = new Scene(stack, issuers, upstream);
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  /** What a row leaves behind, such as the rest of an endpoint that has failed, is over when the next one comes. */
  const BETWEEN_ROWS_SECONDS = 2;

  async function play(row: Row): Promise<void> {
    const request = await row.request(scene);
    const before = scene.upstream.arrivals().length;
    const answer = await scene.send({ path: `/${row.route ?? 'plain'}`, ...request });
    const arrived = scene.upstream.arrivals().slice(before);
    const expected = (pluginServer === 'stock' ? row.onStock?.expected : undefined) ?? row.expected;
    expect(summaryOf(answer, arrived.length)).toEqual({
      status: expected.status,
      code: expected.code,
      reached: expected.reaches ? 1 : 0,
    });
    expectChallenge(answer, expected);
    for (const arrival of arrived) row.upstream?.(arrival);
    row.also?.(answer, scene);
  }

  it.each(ROWS)('%s', async (_, row) => {
    scene.advance(BETWEEN_ROWS_SECONDS);
    expect(scene.upstream.arrivals()).toHaveLength(arrivals);
    try {
      await play(row);
    } finally {
      arrivals = scene.upstream.arrivals().length;
    }
  });

  it('has let nothing through after its answer', () => {
    expect(scene.upstream.arrivals()).toHaveLength(arrivals);
  });

  it('takes one of many requests that bring the same proof at once', async () => {
    const token = boundToken(scene);
    const request = { path: '/plain', ...presenting(token, proof(scene, token, '/plain')) };
    const answers = await Promise.all(Array.from({ length: 20 }, () => scene.send(request)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array(19).fill(401)]);
    expect(scene.upstream.arrivals()).toHaveLength(arrivals + 1);
  });

  it('is still running, and has written no token', () => {
    const { pluginServer } = scene.stack;
    expect(pluginServer.running()).toBe(true);
    const written = pluginServer.lines().join('\n');
    expect(written).not.toContain('eyJ');
    expect(written).not.toContain('internal_error');
    expect(written).not.toContain('a secret of the gateway');
  });
});

function summaryOf({ status, headers, body }: RawAnswer, reached: number) {
  const isRefusal = headers['content-type'] === 'application/problem+json' && body !== '';
  return { status, code: isRefusal ? JSON.parse(body).code : null, reached };
}

function expectChallenge({ headers, body, status }: RawAnswer, { challenge }: Expected): void {
  const given = headers['www-authenticate'];
  if (challenge === null) expect(given).toBeUndefined();
  for (const fragment of challenge ?? []) expect(given).toContain(fragment);
  if (status === 503) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  // Neither a token nor a claim is told to whoever is refused.
  if (status !== 200) expect(`${given} ${body}`).not.toMatch(/eyJ|alice|ceo@/);
}
